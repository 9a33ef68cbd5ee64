using System.Buffers;

namespace Duplex;

/// <summary>What a connection over a stream is made with.</summary>
internal sealed record ConnectionSettings
{
    public WebSocketRole Role { get; init; } = WebSocketRole.Client;

    /// <summary>What made the connection, and what it can do.</summary>
    public EngineProfile Engine { get; init; } = EngineProfile.Complete;

    public long MaxFrameSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public long MaxMessageSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public int MaxFragments { get; init; } = WebSocketLimits.DefaultMaxFragments;

    public TextValidation TextValidation { get; init; }

    public ChannelConfig Outgoing { get; init; } = ChannelConfig.DefaultOutgoing;

    /// <summary>The extensions, which the connection releases at its end; null for none.</summary>
    public ExtensionChain? Extensions { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ArrayPool<byte> Pool { get; init; } = ArrayPool<byte>.Shared;

    /// <summary>Where mask keys come from; null for the system's cryptographic generator.</summary>
    public MaskKeyPool.RandomFill? RandomFill { get; init; }
}
