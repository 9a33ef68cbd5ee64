namespace Duplex;

/// <summary>What a <see cref="ReconnectingWebSocket"/> is doing.</summary>
public enum ConnectionPhase
{
    /// <summary>It was not started.</summary>
    NotStarted,

    /// <summary>An attempt to connect is in progress.</summary>
    Connecting,

    /// <summary>A connection is ready: what is sent goes out.</summary>
    Ready,

    /// <summary>An attempt failed, or the connection ended.</summary>
    Lost,

    /// <summary>It waits for the time of the next attempt.</summary>
    Waiting,

    /// <summary>It was closed or disposed, or it gave up. Nothing follows.</summary>
    Stopped,
}
