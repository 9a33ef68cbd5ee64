using System.Buffers;

namespace Duplex;

/// <summary>A session's extensions with their two directions. There is none where there are no extensions: then a message costs one null check.</summary>
internal sealed class ExtensionPipeline(ExtensionChain chain, ArrayPool<byte> pool)
{
    public ExtensionChain Chain => chain;

    /// <summary>For the receive loop.</summary>
    public IncomingTransform Incoming { get; } = new(chain, pool);

    /// <summary>For whoever holds the gate.</summary>
    public OutgoingTransform Outgoing { get; } = new(chain, pool);
}
