using CsCheck;

namespace Duplex.Tests;

public sealed class FrameScannerTests
{
    [Fact]
    public void It_takes_headers_and_payloads_apart()
    {
        byte[] bytes = [.. Wired.Text("abc"), .. Wired.Frame(Opcode.Ping, [])];
        var scanner = new FrameScanner();

        Assert.Equal(2, scanner.Take(bytes, out ScanPart part));
        Assert.Equal((ScanPart.Header, Opcode.Text, false), (part, scanner.Header.Opcode, scanner.EndsFrame));
        Assert.Equal(3, scanner.Take(bytes.AsSpan(2), out part));
        Assert.Equal((ScanPart.Payload, true, true), (part, scanner.EndsFrame, scanner.EndsMessage));
        Assert.Equal(2, scanner.Take(bytes.AsSpan(5), out part));
        Assert.Equal((ScanPart.Header, Opcode.Ping), (part, scanner.Header.Opcode));
        Assert.True(scanner.EndsFrame);
        Assert.False(scanner.EndsMessage); // a control frame is none
    }

    [Fact]
    public void However_the_bytes_are_cut_the_frames_are_the_same() =>
        Gen.Select(Gen.Int[0, 70_000].Array[1, 5], Gen.Bool, Gen.Int[1, 40].Array[1, 20]).Sample((sizes, masked, cuts) =>
        {
            byte[] bytes = [.. sizes.SelectMany(size => Wired.Frame(Opcode.Binary, new byte[size], masked: masked))];
            var scanner = new FrameScanner();
            List<long> found = [];
            for (int at = 0, i = 0; at < bytes.Length; i++)
            {
                // Mostly small cuts, which tear headers; then long ones, for speed.
                int cut = Math.Min(cuts[i % cuts.Length] * (i % 3 == 0 ? 1 : 1000), bytes.Length - at);
                for (int end = at + cut; at < end;)
                {
                    at += scanner.Take(bytes.AsSpan(at, end - at), out _);
                    if (scanner.EndsFrame)
                        found.Add(scanner.Header.PayloadLength);
                }
            }

            Assert.Equal(sizes.Select(size => (long)size), found);
        }, iter: 50);

    [Fact]
    public void A_fragment_does_not_end_its_message()
    {
        var scanner = new FrameScanner();
        scanner.Take(Wired.Frame(Opcode.Text, [], fin: false), out _);

        Assert.True(scanner.EndsFrame);
        Assert.False(scanner.EndsMessage);
    }

    [Fact]
    public void A_payload_is_unmasked_from_any_offset()
    {
        byte[] bytes = Wired.Text("abcdefg", masked: true);
        var scanner = new FrameScanner();
        int header = scanner.Take(bytes, out _);

        scanner.Take(bytes.AsSpan(header, 3), out _);
        scanner.Unmask(bytes.AsSpan(header, 3), scanner.Offset);
        scanner.Take(bytes.AsSpan(header + 3), out _);
        Assert.Equal(3, scanner.Offset);
        scanner.Unmask(bytes.AsSpan(header + 3), scanner.Offset);

        Assert.Equal("abcdefg"u8, bytes.AsSpan(header));
    }

    [Fact]
    public void After_an_impossible_length_all_is_one_payload()
    {
        var scanner = new FrameScanner();
        scanner.Take([0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0], out _);

        Assert.True(scanner.IsLost);
        Assert.Equal(100, scanner.Take(new byte[100], out ScanPart part));
        Assert.Equal(ScanPart.Payload, part);
        Assert.False(scanner.EndsFrame);
    }
}
