namespace Duplex;

/// <summary>How received text that is not valid UTF-8 is handled.</summary>
public enum TextValidation
{
    /// <summary>The first invalid byte ends the session with 1007 (RFC 6455 §8.1). The default.</summary>
    Strict,

    /// <summary>
    /// Delivered like any text: <see cref="Frame.Data"/> and streams return its bytes,
    /// <see cref="Frame.Text.ReadText"/> U+FFFD for each invalid sequence. The first such message is logged as a
    /// warning. Sent text must be valid; an invalid Close still ends the session with 1007.
    /// </summary>
    Lenient,
}
