namespace Duplex;

/// <summary>
/// A sender's wish for one message; each extension decides (<see cref="WebSocketExtension.TransformsOutgoing"/>).
/// </summary>
public enum SendTransform
{
    /// <summary>No wish: the extensions' own settings apply.</summary>
    Default,

    /// <summary>
    /// Do not transform the message: it is already compressed, say, or holds a secret beside data that an attacker
    /// chose.
    /// </summary>
    Never,

    /// <summary>Transform the message with every extension that can, regardless of its conditions.</summary>
    Always,
}
