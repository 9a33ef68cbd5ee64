namespace Duplex;

/// <summary>The side that began the end of a session.</summary>
public enum CloseInitiator
{
    /// <summary>Neither side: the transport was lost.</summary>
    None,

    /// <summary>Our side.</summary>
    Local,

    /// <summary>The peer.</summary>
    Remote,
}
