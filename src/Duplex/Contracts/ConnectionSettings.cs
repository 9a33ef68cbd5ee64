using System.Buffers;

namespace Duplex;

/// <summary>A connection's settings.</summary>
internal sealed record ConnectionSettings
{
    public WebSocketRole Role { get; init; } = WebSocketRole.Client;

    public EngineProfile Engine { get; init; } = EngineProfile.Complete;

    public long MaxFrameSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public long MaxMessageSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public int MaxFragments { get; init; } = WebSocketLimits.DefaultMaxFragments;

    public TextValidation TextValidation { get; init; }

    public ChannelConfig Outgoing { get; init; } = ChannelConfig.DefaultOutgoing;

    /// <summary>Whether the session is asked which messages are a heartbeat's replies.</summary>
    public bool HasReplies { get; init; }

    /// <summary>Released when the connection ends.</summary>
    public ExtensionChain? Extensions { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ArrayPool<byte> Pool { get; init; } = ArrayPool<byte>.Shared;

    /// <summary>Null for the system's cryptographic generator.</summary>
    public MaskKeyPool.RandomFill? RandomFill { get; init; }
}
