namespace Duplex;

/// <summary>What the sender of one message asks for. The default value asks for nothing.</summary>
public readonly record struct SendOptions
{
    /// <summary>Whether the session's extensions transform the message, for example compress it. By default each extension decides.</summary>
    public SendTransform Transform { get; init; }

    /// <summary>The message is sent as it is, not compressed: for content that is compressed already, or that holds a secret beside text of an attacker's choice.</summary>
    public static SendOptions Untransformed { get; } = new() { Transform = SendTransform.Never };

    /// <summary>The message passes every extension that can transform it, whatever the extension's own conditions say.</summary>
    public static SendOptions Transformed { get; } = new() { Transform = SendTransform.Always };
}
