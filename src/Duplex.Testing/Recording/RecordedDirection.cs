namespace Duplex.Testing;

/// <summary>Which way a recorded frame went, as seen by the session that was recorded.</summary>
public enum RecordedDirection
{
    /// <summary>The session sent it.</summary>
    Sent,

    /// <summary>The session received it.</summary>
    Received,
}
