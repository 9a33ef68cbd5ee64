namespace Duplex;

/// <summary>How one message or frame is sent. The default leaves all choices to the session.</summary>
public readonly record struct SendOptions
{
    /// <summary>Whether extensions transform the message, for example compress it. By default each decides.</summary>
    public SendTransform Transform { get; init; }

    /// <summary>Never compressed: for compressed content, or a secret next to text that an attacker chooses.</summary>
    public static SendOptions Untransformed { get; } = new() { Transform = SendTransform.Never };

    /// <summary>Compressed, whatever its size or a predicate says.</summary>
    public static SendOptions Transformed { get; } = new() { Transform = SendTransform.Always };
}
