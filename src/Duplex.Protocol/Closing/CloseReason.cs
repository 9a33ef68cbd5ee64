using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>Why a connection was or is to be closed: a code and a text (RFC 6455 §5.5.1, §7.1.5, §7.1.6). Immutable.</summary>
public sealed record class CloseReason
{
    /// <summary>The longest text, in UTF-8 bytes: a control frame holds 125, the code takes 2.</summary>
    public const int MaxMessageBytes = FrameHeader.MaxControlPayload - sizeof(ushort);

    // Lone surrogates are refused rather than replaced: the peer shall read what was written here, or nothing.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Creates a reason.</summary>
    /// <param name="code">The code. Whether it may be sent is judged where it is sent: a received 1005 or 1006 is a reason, too.</param>
    /// <param name="message">The text, at most 123 bytes in UTF-8.</param>
    /// <exception cref="ArgumentException">The text takes more than 123 UTF-8 bytes, or holds half of a surrogate pair.</exception>
    public CloseReason(CloseCode code, string message = "")
    {
        ArgumentNullException.ThrowIfNull(message);
        int bytes;
        try
        {
            bytes = StrictUtf8.GetByteCount(message);
        }
        catch (EncoderFallbackException e)
        {
            throw new ArgumentException("The close reason's text holds half of a surrogate pair, which UTF-8 cannot carry. Send whole characters.", nameof(message), e);
        }

        if (bytes > MaxMessageBytes)
        {
            throw new ArgumentException(
                $"The close reason's text takes {bytes} UTF-8 bytes; a Close frame has room for {MaxMessageBytes} (RFC 6455 §5.5). Shorten it.", nameof(message));
        }

        Code = code;
        Message = message;
    }

    /// <summary>Creates a reason with a code of your own, such as 4000.</summary>
    /// <param name="code">The code, 0 to 65535. Whether it may be sent is checked when it is sent.</param>
    /// <param name="message">The text, at most 123 bytes in UTF-8.</param>
    /// <exception cref="ArgumentOutOfRangeException">The code does not fit the two bytes of a Close frame.</exception>
    /// <exception cref="ArgumentException">
    /// The text takes more than 123 UTF-8 bytes, or contains an unpaired surrogate.
    /// </exception>
    public CloseReason(int code, string message = "") : this(Checked(code), message) { }

    /// <summary>1000, the peer's or our purpose is fulfilled.</summary>
    public static CloseReason Normal { get; } = new(CloseCode.NormalClosure);

    /// <summary>1005, a Close frame without a code (RFC 6455 §7.1.5).</summary>
    public static CloseReason NoStatus { get; } = new(CloseCode.NoStatusReceived);

    /// <summary>1006, no Close frame at all (RFC 6455 §7.1.5).</summary>
    public static CloseReason Abnormal { get; } = new(CloseCode.AbnormalClosure);

    /// <summary>The code.</summary>
    public CloseCode Code { get; }

    /// <summary>The text; empty if there is none. It may come from the peer: treat it as untrusted.</summary>
    public string Message { get; }

    /// <summary>Whether the code may stand in a Close frame: 1000-1003, 1007-1014 and 3000-4999.</summary>
    public bool IsSendable => IsSendableCode(Code);

    /// <summary>Whether a code may stand in a Close frame: 1000-1003, 1007-1014 and 3000-4999 (RFC 6455 §7.4.1, §7.4.2 and the IANA registry).</summary>
    public static bool IsSendableCode(CloseCode code) => (ushort)code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Creates a reason whose text is cut to the 123 UTF-8 bytes that a Close frame has room for.</summary>
    /// <param name="code">The code. Whether it may be sent is checked when it is sent.</param>
    /// <param name="message">
    /// The text, of any length. No character is split: a cut text may take fewer than 123 bytes.
    /// </param>
    /// <exception cref="ArgumentException">The part that is kept contains an unpaired surrogate.</exception>
    public static CloseReason Truncated(CloseCode code, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Span<byte> room = stackalloc byte[MaxMessageBytes];

        // Counted as U+FFFD, which takes three bytes, an unpaired surrogate stays in, and the constructor refuses it.
        Utf8.FromUtf16(message, room, out int kept, out _);
        return new CloseReason(code, message[..kept]);
    }

    /// <inheritdoc cref="Truncated(CloseCode, string)"/>
    /// <exception cref="ArgumentOutOfRangeException">The code is not 0 to 65535.</exception>
    public static CloseReason Truncated(int code, string message) => Truncated(Checked(code), message);

    private static CloseCode Checked(int code) => code is >= ushort.MinValue and <= ushort.MaxValue
        ? (CloseCode)code
        : throw new ArgumentOutOfRangeException(
            nameof(code), code, "A close code takes two bytes: 0 to 65535. Use 3000-4999 for your own (RFC 6455 §7.4.2).");

    private string Name => Enum.IsDefined(Code) ? $"{(ushort)Code} {Code}" : $"{(ushort)Code}";

    /// <summary>
    /// The code, its name if it has one, and the text, fit for a log: control characters and the like, quotes and backslashes are escaped as in C#, and what that makes longer than 123
    /// characters is cut.
    /// </summary>
    public override string ToString() => Message.Length == 0 ? Name : $"{Name}: {EscapedText.Of(Message)}";

    /// <summary>The same with the text in quotes, for the midst of a sentence.</summary>
    internal string ToQuotedString() => Message.Length == 0 ? Name : $"{Name}: \"{EscapedText.Of(Message)}\"";
}
