namespace Duplex;

/// <summary>How one message or frame is sent. The default value leaves all choices to the session.</summary>
public readonly record struct SendOptions
{
    /// <summary>
    /// Whether the session's extensions transform the message, for example compress it. By default each extension
    /// decides.
    /// </summary>
    public SendTransform Transform { get; init; }

    /// <summary>
    /// The message is sent uncompressed. Use it for compressed content, or for a secret next to text that an attacker
    /// chooses.
    /// </summary>
    public static SendOptions Untransformed { get; } = new() { Transform = SendTransform.Never };

    /// <summary>The message is compressed, even if its size or a predicate says otherwise.</summary>
    public static SendOptions Transformed { get; } = new() { Transform = SendTransform.Always };
}
