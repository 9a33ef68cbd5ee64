namespace Duplex;

/// <summary>Who began the end of a session.</summary>
public enum CloseInitiator
{
    /// <summary>Nobody: the transport was lost.</summary>
    None,

    /// <summary>We did.</summary>
    Local,

    /// <summary>The peer did.</summary>
    Remote,
}
