namespace Duplex;

/// <summary>What becomes of a received text message that is not valid UTF-8.</summary>
public enum TextValidation
{
    /// <summary>It ends the session with 1007, at its first invalid byte, as RFC 6455 §8.1 demands. The default.</summary>
    Strict,

    /// <summary>
    /// It is delivered as any text message: whole, as a stream, or frame by frame. <see cref="Frame.Data"/> and streams
    /// give its bytes as they came; <see cref="Frame.Text.ReadText"/> reads U+FFFD for each invalid sequence. The first such
    /// message of a session is logged as a warning. Nothing else is relaxed: a Close whose text is not valid UTF-8 ends the
    /// session with 1007, and a text that we send must be valid.
    /// </summary>
    Lenient,
}
