using System.Buffers;

namespace Duplex.Tests;

/// <summary>An extension that does what a test says; without a word about a direction it leaves that alone.</summary>
internal sealed class ToyExtension(ToyExtension.Transform? outgoing = null, ToyExtension.Transform? incoming = null) : WebSocketExtension
{
    public delegate ExtensionResult Transform(in MessagePart part, IBufferWriter<byte> output);

    public Func<bool>? Decide { get; init; }

    public IReadOnlyList<WebSocketExtensionHeader> Offered { get; init; } = [];

    public int Disposals { get; private set; }

    public override IReadOnlyList<WebSocketExtensionHeader> Offers => Offered;

    /// <summary>Puts a letter before, and behind, each part.</summary>
    public static Transform Around(char letter, ReservedBits bits = ReservedBits.None) => (in MessagePart part, IBufferWriter<byte> output) =>
    {
        output.Write([(byte)letter]);
        output.Write(part.Data);
        output.Write([(byte)letter]);
        return ExtensionResult.Done(bits);
    };

    /// <summary>Returns a result, and writes nothing.</summary>
    public static Transform Returning(ExtensionResult result) => (in MessagePart part, IBufferWriter<byte> output) => result;

    /// <summary>Throws.</summary>
    public static Transform Throwing(Exception error) => (in MessagePart part, IBufferWriter<byte> output) => throw error;

    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish) => Decide?.Invoke() ?? base.TransformsOutgoing(first, wish);

    public override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output) =>
        outgoing is null ? base.ProcessOutgoing(part, output) : outgoing(part, output);

    public override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output) =>
        incoming is null ? base.ProcessIncoming(part, output) : incoming(part, output);

    protected override void Dispose(bool disposing)
    {
        Disposals++;
        base.Dispose(disposing);
    }
}

/// <summary>Makes what a test says.</summary>
internal sealed class ToyFactory(string name, Func<WebSocketExtension> create, ReservedBits bits = ReservedBits.None) : WebSocketExtensionFactory
{
    public override string Name => name;

    public override ReservedBits ReservedBits => bits;

    public override WebSocketExtension Create() => create();
}
