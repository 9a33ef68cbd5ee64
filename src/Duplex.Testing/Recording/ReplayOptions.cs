namespace Duplex.Testing;

/// <summary>How a recording is replayed.</summary>
public sealed class ReplayOptions
{
    /// <summary>
    /// Whether a frame waits until the client has sent as many messages as were recorded before it. If the client is
    /// late, the rest of the recording moves by that time. Default: false, only time counts.
    /// </summary>
    public bool WaitForClient { get; set; }
}
