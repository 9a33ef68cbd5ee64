namespace Duplex;

/// <summary>How received text that is not valid UTF-8 is handled.</summary>
public enum TextValidation
{
    /// <summary>The first invalid byte ends the session with 1007, as RFC 6455 §8.1 demands. The default.</summary>
    Strict,

    /// <summary>
    /// The message is delivered like any text message. <see cref="Frame.Data"/> and streams return its bytes unchanged;
    /// <see cref="Frame.Text.ReadText"/> returns U+FFFD for each invalid sequence. The first such message of a session
    /// is logged as a warning. Text that we send must be valid, and a Close with invalid UTF-8 ends the session with
    /// 1007.
    /// </summary>
    Lenient,
}
