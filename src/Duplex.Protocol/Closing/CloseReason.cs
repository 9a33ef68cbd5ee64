using System.Text;
using System.Text.Unicode;

namespace Duplex;

/// <summary>Why a connection is closed: a code and a text (RFC 6455 §5.5.1, §7.1.5, §7.1.6). Immutable.</summary>
public sealed record class CloseReason
{
    /// <summary>The most UTF-8 bytes of the text: a control frame has 125, the code takes 2.</summary>
    public const int MaxMessageBytes = FrameHeader.MaxControlPayload - sizeof(ushort);

    // Replacing unpaired surrogates would change the text that the peer reads.
    private static readonly UTF8Encoding StrictUtf8 =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Creates a reason with any code, which is checked only when sent.</summary>
    /// <exception cref="ArgumentException">
    /// The text exceeds 123 UTF-8 bytes, or contains an unpaired surrogate.
    /// </exception>
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
            throw new ArgumentException(
                "The close reason's text holds half of a surrogate pair, which UTF-8 cannot carry. " +
                "Send whole characters.",
                nameof(message),
                e);
        }

        if (bytes > MaxMessageBytes)
        {
            throw new ArgumentException(
                $"The close reason's text takes {bytes} UTF-8 bytes; a Close frame has room for {MaxMessageBytes} " +
                "(RFC 6455 §5.5). Shorten it.",
                nameof(message));
        }

        Code = code;
        Message = message;
    }

    /// <summary>Creates a reason with a code of your own, such as 4000, which is checked only when sent.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The code is not 0 to 65535.</exception>
    /// <exception cref="ArgumentException">
    /// The text exceeds 123 UTF-8 bytes, or contains an unpaired surrogate.
    /// </exception>
    public CloseReason(int code, string message = "") : this(Checked(code), message) { }

    /// <summary>1000: the connection's purpose is fulfilled.</summary>
    public static CloseReason Normal { get; } = new(CloseCode.NormalClosure);

    /// <summary>1005: a Close frame without a code (RFC 6455 §7.1.5).</summary>
    public static CloseReason NoStatus { get; } = new(CloseCode.NoStatusReceived);

    /// <summary>1006: no Close frame (RFC 6455 §7.1.5).</summary>
    public static CloseReason Abnormal { get; } = new(CloseCode.AbnormalClosure);

    /// <summary>The code.</summary>
    public CloseCode Code { get; }

    /// <summary>The text; empty for none. It may come from the peer: do not trust it.</summary>
    public string Message { get; }

    /// <summary>Whether <see cref="Code"/> may be sent in a Close frame: see <see cref="IsSendableCode"/>.</summary>
    public bool IsSendable => IsSendableCode(Code);

    /// <summary>
    /// Whether a code may be sent in a Close frame (RFC 6455 §7.4.1, §7.4.2, IANA registry): 1000-1003, 1007-1014 and
    /// 3000-4999.
    /// </summary>
    public static bool IsSendableCode(CloseCode code) =>
        (ushort)code is (>= 1000 and <= 1003) or (>= 1007 and <= 1014) or (>= 3000 and <= 4999);

    /// <summary>Creates a reason, with its text cut after the last character that fits in 123 UTF-8 bytes.</summary>
    /// <exception cref="ArgumentException">The remaining text contains an unpaired surrogate.</exception>
    public static CloseReason Truncated(CloseCode code, string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Span<byte> room = stackalloc byte[MaxMessageBytes];

        // An unpaired surrogate counts as U+FFFD (3 bytes) and stays, so the constructor throws.
        Utf8.FromUtf16(message, room, out int kept, out _);
        return new CloseReason(code, message[..kept]);
    }

    /// <inheritdoc cref="Truncated(CloseCode, string)"/>
    /// <exception cref="ArgumentOutOfRangeException">The code is not 0 to 65535.</exception>
    public static CloseReason Truncated(int code, string message) => Truncated(Checked(code), message);

    private static CloseCode Checked(int code) => code is >= ushort.MinValue and <= ushort.MaxValue
        ? (CloseCode)code
        : throw new ArgumentOutOfRangeException(
            nameof(code),
            code,
            "A close code takes two bytes: 0 to 65535. Use 3000-4999 for your own (RFC 6455 §7.4.2).");

    private string Name => Enum.IsDefined(Code) ? $"{(ushort)Code} {Code}" : $"{(ushort)Code}";

    /// <summary>
    /// Returns the code, its name and the text, safe for logs: control characters, quotes and backslashes are escaped
    /// as in C#, and an escaped text is cut at 123 characters.
    /// </summary>
    public override string ToString() => Message.Length == 0 ? Name : $"{Name}: {EscapedText.Of(Message)}";

    internal string ToQuotedString() => Message.Length == 0 ? Name : $"{Name}: \"{EscapedText.Of(Message)}\"";
}
