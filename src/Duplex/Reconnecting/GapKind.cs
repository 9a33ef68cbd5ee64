namespace Duplex;

/// <summary>Why the messages after this point come from another connection.</summary>
public enum GapKind
{
    /// <summary>The connection ended: messages may be missing.</summary>
    Lost,

    /// <summary>The connection was replaced by a newer one: messages may come twice.</summary>
    Rotated,
}
