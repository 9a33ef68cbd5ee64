using System.Buffers;

namespace Duplex;

/// <summary>The settings of a connection over a stream.</summary>
internal sealed record ConnectionSettings
{
    public WebSocketRole Role { get; init; } = WebSocketRole.Client;

    public EngineProfile Engine { get; init; } = EngineProfile.Complete;

    public long MaxFrameSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public long MaxMessageSize { get; init; } = WebSocketLimits.DefaultMaxSize;

    public int MaxFragments { get; init; } = WebSocketLimits.DefaultMaxFragments;

    public TextValidation TextValidation { get; init; }

    public ChannelConfig Outgoing { get; init; } = ChannelConfig.DefaultOutgoing;

    /// <summary>The extensions, which the connection releases when it ends; null for none.</summary>
    public ExtensionChain? Extensions { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ArrayPool<byte> Pool { get; init; } = ArrayPool<byte>.Shared;

    /// <summary>The source of mask keys; null for the system's cryptographic generator.</summary>
    public MaskKeyPool.RandomFill? RandomFill { get; init; }
}
