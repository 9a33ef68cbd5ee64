using System.Buffers;

namespace Duplex.Tests;

/// <summary>
/// A toy that forgives nothing: each byte is hidden by its place in all that was ever sent, and each message ends with its number. So a message that is lost, reordered, doubled or cut
/// anywhere is found out. It marks what it has transformed by RSV1 on the first frame.
/// </summary>
internal sealed class CounterExtension : WebSocketExtension
{
    public const string ExtensionName = "x-counter";

    private byte _sentBytes;
    private byte _sentMessages;
    private byte _receivedBytes;
    private byte _receivedMessages;
    private byte? _heldBack; // the last byte so far: it may be the message's number
    private int _running;

    /// <summary>What a decision throws.</summary>
    public Exception? DecisionError { get; set; }

    /// <summary>What transforming throws.</summary>
    public Exception? Error { get; set; }

    public int Disposals { get; private set; }

    /// <summary>Whether it was called after, or during, its disposal, or by two in one direction.</summary>
    public string? Misuse { get; private set; }

    /// <summary>Called in each outgoing transformation.</summary>
    public Action? OnOutgoing { get; set; }

    public int Decisions { get; private set; }

    public int Transformations { get; private set; }

    public WebSocketExtensionHeader? Accepted { get; private set; }

    public override IReadOnlyList<WebSocketExtensionHeader> Offers => [new(ExtensionName, new WebSocketExtensionParameter("strict")), new(ExtensionName)];

    public override bool TryAccept(WebSocketExtensionHeader answer, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out string? error)
    {
        Accepted = answer;
        return base.TryAccept(answer, out error);
    }

    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish)
    {
        Decisions++;
        if (DecisionError is not null)
            throw DecisionError;
        return base.TransformsOutgoing(first, wish) && first.Reserved == ReservedBits.None;
    }

    public override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output)
    {
        if (Interlocked.Increment(ref _running) > 1)
            Misuse = "two at a time";
        if (Disposals > 0)
            Misuse = "used after its disposal";
        try
        {
            Transformations++;
            OnOutgoing?.Invoke();
            if (Disposals > 0)
                Misuse = "disposed while it was used";
            if (Error is not null)
                throw Error;
            foreach (byte b in part.Data)
                Write(output, (byte)(b ^ _sentBytes++));
            if (part.EndsMessage)
                Write(output, _sentMessages++);
            return ExtensionResult.Done(part.StartsMessage ? ReservedBits.Rsv1 : ReservedBits.None);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    public override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output)
    {
        if (Disposals > 0)
            Misuse = "used after its disposal";
        if (part.StartsMessage && part.Reserved == ReservedBits.None)
            return ExtensionResult.Untouched;
        if (Error is not null)
            throw Error;
        foreach (byte b in part.Data)
        {
            if (_heldBack is { } held)
                Write(output, (byte)(held ^ _receivedBytes++));
            _heldBack = b;
        }

        if (!part.EndsMessage)
            return ExtensionResult.Done();
        if (_heldBack != _receivedMessages)
            return ExtensionResult.Failed(CloseCode.InvalidFramePayloadData, $"Message {_receivedMessages} of the counter has another number.");
        _heldBack = null;
        _receivedMessages++;
        return ExtensionResult.Done();
    }

    protected override void Dispose(bool disposing)
    {
        Disposals++;
        base.Dispose(disposing);
    }

    private static void Write(IBufferWriter<byte> output, byte b)
    {
        output.GetSpan(1)[0] = b;
        output.Advance(1);
    }
}

/// <summary>Makes <see cref="CounterExtension"/>s, and keeps them.</summary>
internal sealed class CounterFactory : WebSocketExtensionFactory
{
    private readonly Lock _sync = new();
    private readonly List<CounterExtension> _made = [];

    public IReadOnlyList<CounterExtension> Made
    {
        get
        {
            lock (_sync)
                return [.. _made];
        }
    }

    public override string Name => CounterExtension.ExtensionName;

    public override ReservedBits ReservedBits => ReservedBits.Rsv1;

    public override WebSocketExtension Create()
    {
        var extension = new CounterExtension();
        lock (_sync)
            _made.Add(extension);
        return extension;
    }
}
