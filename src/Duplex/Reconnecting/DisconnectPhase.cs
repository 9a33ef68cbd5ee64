namespace Duplex;

/// <summary>How far a connection had come when it failed or ended.</summary>
public enum DisconnectPhase
{
    /// <summary><see cref="StayConnectedOptions.Configure"/> threw or took too long.</summary>
    Configuring,

    /// <summary>The handshake failed, or took longer than <see cref="StayConnectedOptions.AttemptTimeout"/>.</summary>
    Connecting,

    /// <summary>A hook of <c>OnConnected</c> threw or took too long, or the connection ended during it.</summary>
    GettingReady,

    /// <summary>The connection was in use.</summary>
    Ready,
}
