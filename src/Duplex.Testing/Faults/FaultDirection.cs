namespace Duplex.Testing;

/// <summary>The direction that a fault applies to, as seen by the session that uses the stream.</summary>
[Flags]
public enum FaultDirection
{
    /// <summary>What the session reads.</summary>
    Receiving = 1,

    /// <summary>What the session writes.</summary>
    Sending = 2,

    /// <summary>Both directions, each for itself.</summary>
    Both = Receiving | Sending,
}
