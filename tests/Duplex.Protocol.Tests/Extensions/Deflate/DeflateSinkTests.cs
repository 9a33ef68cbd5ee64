using System.Buffers;
using CsCheck;

namespace Duplex.Tests;

public class DeflateSinkTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    [Fact]
    public void The_last_four_bytes_are_held_back_however_they_come() => Gen.Byte.Array[0, 12].Array[0, 6].Sample(parts =>
    {
        var output = new ArrayBufferWriter<byte>();
        using var sink = new DeflateSink { Output = output };

        foreach (byte[] part in parts)
            sink.Write(part, 0, part.Length);

        byte[] all = [.. parts.SelectMany(part => part)];
        Assert.Equal(all[..Math.Max(0, all.Length - 4)], output.WrittenSpan.ToArray());
        Assert.Equal(output.WrittenCount, sink.Passed);
    });

    [Fact]
    public void At_the_end_they_are_dropped_if_they_are_the_tail()
    {
        using var sink = new DeflateSink { Output = _output };
        sink.Write([1, 2, 0, 0, 0xFF, 0xFF]);

        Assert.True(sink.TryEnd());
        Assert.False(sink.TryEnd());
        sink.Write([3, 0, 0, 0xFF, 0xFF]);
        Assert.True(sink.TryEnd());

        Assert.Equal([1, 2, 3], _output.WrittenSpan.ToArray());
    }

    [Theory, InlineData("0102030405"), InlineData("00FFFF")]
    public void Any_other_end_is_never_sent(string bytes)
    {
        using var sink = new DeflateSink { Output = _output };
        sink.Write(Hex.Bytes(bytes));

        Assert.Throws<InvalidOperationException>(() => sink.TryEnd());
    }

    [Fact]
    public void Without_an_output_it_drops_what_comes_and_keeps_what_it_holds()
    {
        using var sink = new DeflateSink { Output = _output };
        sink.Write([1, 0, 0, 0xFF, 0xFF]);
        sink.Output = null;
        sink.Write([7, 7, 7, 7, 7, 7]);

        Assert.True(sink.TryEnd());
        Assert.Equal([1], _output.WrittenSpan.ToArray());
    }
}
