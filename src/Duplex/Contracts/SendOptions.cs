namespace Duplex;

/// <summary>How one message or frame is sent. The default value leaves everything to the session.</summary>
public readonly record struct SendOptions
{
    /// <summary>Whether the session's extensions transform the message, for example compress it. By default each extension decides.</summary>
    public SendTransform Transform { get; init; }

    /// <summary>
    /// The message is sent as it is, not compressed: for content that is compressed already, or that holds a secret
    /// beside text of an attacker's choice.
    /// </summary>
    public static SendOptions Untransformed { get; } = new() { Transform = SendTransform.Never };

    /// <summary>The message is compressed, also where its size or a predicate says otherwise.</summary>
    public static SendOptions Transformed { get; } = new() { Transform = SendTransform.Always };
}
