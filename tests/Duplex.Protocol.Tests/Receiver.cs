namespace Duplex.Tests;

/// <summary>Drives a reader and an assembler as a connection's receive loop does, and checks what always holds: each piece takes bytes, and no more than a header is left over.</summary>
internal sealed class Receiver : IDisposable
{
    private byte[] _rest = [];

    public Receiver(
        WebSocketRole role = WebSocketRole.Client,
        bool mergeFragments = true,
        long maxFrameSize = WebSocketLimits.DefaultMaxSize,
        long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        int maxFragments = WebSocketLimits.DefaultMaxFragments,
        ReservedBits ownedBits = ReservedBits.None,
        ReservedBits continuationBits = ReservedBits.None)
        : this(mergeFragments ? AssemblerOutput.Messages : AssemblerOutput.Frames, role, maxFrameSize, maxMessageSize, maxFragments, ownedBits, continuationBits)
    {
    }

    public Receiver(
        AssemblerOutput output,
        WebSocketRole role = WebSocketRole.Client,
        long maxFrameSize = WebSocketLimits.DefaultMaxSize,
        long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        int maxFragments = WebSocketLimits.DefaultMaxFragments,
        ReservedBits ownedBits = ReservedBits.None,
        ReservedBits continuationBits = ReservedBits.None)
    {
        Reader = new FrameReader(role, maxFrameSize, ownedBits, continuationBits);
        Assembler = new MessageAssembler(output, Pool, maxMessageSize, maxFragments);
    }

    /// <summary>One whose messages pass extensions, in this order on their way out.</summary>
    public Receiver(
        IEnumerable<WebSocketExtension> extensions, WebSocketRole role = WebSocketRole.Client, long maxMessageSize = WebSocketLimits.DefaultMaxSize,
        AssemblerOutput output = AssemblerOutput.Messages)
    {
        var chain = new ExtensionChain(extensions);
        Reader = new FrameReader(role, ownedBits: chain.OwnedBits, continuationBits: chain.ContinuationBits);
        Assembler = new MessageAssembler(new IncomingTransform(chain, Pool), output, Pool, maxMessageSize, WebSocketLimits.DefaultMaxFragments);
    }

    public CountingPool Pool { get; } = new();

    public FrameReader Reader { get; }

    public MessageAssembler Assembler { get; }

    public List<Frame> Frames { get; } = [];

    public ProtocolViolation? Violation => Reader.Violation is { } refused ? Assembler.WithLimits(refused, Reader.Header) : Assembler.Violation;

    /// <summary>How many bytes of a header wait for its rest.</summary>
    public int Unparsed => _rest.Length;

    public IEnumerable<FrameValue> Values => Frames.Select(FrameValue.Of);

    /// <summary>Receives bytes in one piece.</summary>
    public Receiver Feed(ReadOnlySpan<byte> bytes)
    {
        Span<byte> input = (byte[])[.. _rest, .. bytes];
        Parse(ref input);
        _rest = input.ToArray();
        return this;
    }

    public Receiver Feed(string hex) => Feed(Hex.Bytes(hex));

    /// <summary>Receives bytes, the payloads of messages straight into the assembler's memory wherever nothing else is left over.</summary>
    public void FeedInPlace(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && Violation is null && _rest.Length == 0 && Assembler.TakesPayloadInPlace && Reader.Remaining > 0 && !Reader.InControlFrame)
        {
            Memory<byte> memory = Assembler.GetPayloadMemory(Reader.Remaining);
            Assert.InRange(memory.Length, 1, Reader.Remaining);
            Span<byte> input = memory.Span[..Math.Min(memory.Length, bytes.Length)];
            bytes[..input.Length].CopyTo(input);
            bytes = bytes[input.Length..];
            Parse(ref input);
        }

        if (!bytes.IsEmpty && Violation is null)
            Feed(bytes);
    }

    /// <summary>Receives a stream cut into chunks of these sizes, over and over.</summary>
    public Receiver FeedChunks(ReadOnlySpan<byte> bytes, int[] sizes, bool inPlace = false)
    {
        for (int i = 0; !bytes.IsEmpty && Violation is null; i++)
        {
            ReadOnlySpan<byte> chunk = bytes[..Math.Min(sizes[i % sizes.Length], bytes.Length)];
            bytes = bytes[chunk.Length..];
            if (inPlace)
                FeedInPlace(chunk);
            else
                Feed(chunk);
        }

        return this;
    }

    /// <summary>Gives everything back and checks that nothing is left out.</summary>
    public void Dispose()
    {
        Assembler.Dispose();
        foreach (Frame frame in Frames)
            frame.Recycle();
        Assert.Equal(0, Pool.Outstanding);
    }

    private void Parse(ref Span<byte> input)
    {
        ParseFrames(ref input);
        TakePiece();
    }

    private void TakePiece()
    {
        if (Assembler.TryTakePiece(out Frame? piece))
            Frames.Add(piece);
    }

    private void ParseFrames(ref Span<byte> input)
    {
        while (true)
        {
            int before = input.Length;
            if (!Reader.TryRead(ref input, out FramePiece piece))
                break;
            Assert.True(input.Length < before, "A piece took no bytes.");
            if (Assembler.TryAccept(piece, out Frame? frame))
            {
                if (frame.Type == FrameType.Close)
                    TakePiece();
                Frames.Add(frame);
            }
            else
            {
                Assert.Null(frame);
            }

            if (Assembler.Violation is not null)
                return;
        }

        if (Reader.Violation is null)
            Assert.InRange(input.Length, 0, FrameHeader.MaxSize - 1);
    }
}
