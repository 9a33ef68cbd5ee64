namespace Duplex;

/// <summary>What the sender of a message wishes of the session's extensions. Each decides by itself (<see cref="WebSocketExtension.TransformsOutgoing"/>).</summary>
public enum SendTransform
{
    /// <summary>No wish: as the extensions are set.</summary>
    Default,

    /// <summary>Not to be transformed, such as a message that is compressed already, or holds a secret beside what an attacker chose.</summary>
    Never,

    /// <summary>To be transformed by every extension that can, whatever its own conditions say.</summary>
    Always,
}
