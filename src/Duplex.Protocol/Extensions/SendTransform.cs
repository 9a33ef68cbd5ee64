namespace Duplex;

/// <summary>
/// What a sender wishes of the session's extensions for one message. Each extension decides
/// (<see cref="WebSocketExtension.TransformsOutgoing"/>).
/// </summary>
public enum SendTransform
{
    /// <summary>No wish: the extensions' own settings apply.</summary>
    Default,

    /// <summary>
    /// Do not transform the message, for example because it is already compressed, or holds a secret beside data that
    /// an attacker chose.
    /// </summary>
    Never,

    /// <summary>Transform the message with every extension that can, regardless of its conditions.</summary>
    Always,
}
