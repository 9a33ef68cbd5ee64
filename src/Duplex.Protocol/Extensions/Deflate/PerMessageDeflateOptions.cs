using System.IO.Compression;

namespace Duplex;

/// <summary>Options of message compression for all sessions of a client; copied at installation.</summary>
public sealed class PerMessageDeflateOptions
{
    /// <summary>
    /// The compression level. Default: <see cref="CompressionLevel.Fastest"/>: JSON of 1 KiB takes about a sixth of the
    /// time of <see cref="CompressionLevel.Optimal"/>, and becomes about half as large again. With
    /// <see cref="CompressionLevel.NoCompression"/>, sent messages are not compressed; received ones are still
    /// expanded.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The level does not exist.</exception>
    public CompressionLevel Level
    {
        get;
        set
        {
            if (!Enum.IsDefined(value))
                throw new ArgumentOutOfRangeException(nameof(value), value, "Expected a level that exists.");
            field = value;
        }
    } = CompressionLevel.Fastest;

    /// <summary>
    /// The smallest message to compress, in bytes; a sender's <see cref="SendTransform.Always"/> overrides it. Default:
    /// 128. Shorter JSON does not shrink without context takeover, and hardly repays the time with it. Does not apply
    /// to fragmented or streamed messages, whose length is unknown.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is negative.</exception>
    public int MinimumSize
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            field = value;
        }
    } = 128; // break-even without context takeover: 64 bytes become 65, 128 become 121, 256 become 173

    /// <summary>
    /// Decides whether to compress a message of at least <see cref="MinimumSize"/> that was sent with
    /// <see cref="SendTransform.Default"/>. Default: null, for all. A fragmented message is judged by its first
    /// fragment. Senders of all sessions call it concurrently; it must not block. An exception fails only that send.
    /// </summary>
    public Func<MessagePart, bool>? CompressIf { get; set; }

    /// <summary>See <see cref="PerMessageDeflateOffer.ServerContextTakeover"/>. Default: true.</summary>
    public bool ServerContextTakeover { get; set; } = true;

    /// <summary>See <see cref="PerMessageDeflateOffer.ClientContextTakeover"/>. Default: true.</summary>
    public bool ClientContextTakeover { get; set; } = true;

    /// <summary>
    /// The server's largest window: see <see cref="PerMessageDeflateOffer.ServerMaxWindowBits"/>. Default: 15.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 8 or above 15.</exception>
    public int ServerMaxWindowBits
    {
        get;
        set => field = new PerMessageDeflateOffer { ServerMaxWindowBits = value }.ServerMaxWindowBits;
    } = DeflateWindow.MaxBits;

    /// <summary>
    /// Whether the server may limit the client's window: see
    /// <see cref="PerMessageDeflateOffer.AllowsClientMaxWindowBits"/>. Default: true.
    /// </summary>
    public bool AllowsClientMaxWindowBits { get; set; } = true;

    /// <summary>
    /// Further offers in order of preference, for servers that cannot satisfy the properties above. Default: empty. If
    /// the server declines all offers, the session is not compressed.
    /// </summary>
    public IList<PerMessageDeflateOffer> Alternatives { get; private set; } = [];

    /// <summary>
    /// The largest ratio of a received message's size to its compressed size, for messages of more than 1 MiB; a larger
    /// one ends the session with 1009. Default: 200. Real texts expand 5 to 50 times, malicious data up to DEFLATE's
    /// limit of 1,032 times. The session's <c>MaxMessageSize</c> also applies.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is zero or negative.</exception>
    public int MaxExpansion
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 200; // well above real texts, and a fifth of DEFLATE's limit

    internal PerMessageDeflateOptions Copy()
    {
        var copy = (PerMessageDeflateOptions)MemberwiseClone();
        copy.Alternatives = [.. Alternatives];
        return copy;
    }

    internal IReadOnlyList<PerMessageDeflateOffer> Offers =>
    [
        new()
        {
            ServerContextTakeover = ServerContextTakeover,
            ClientContextTakeover = ClientContextTakeover,
            ServerMaxWindowBits = ServerMaxWindowBits,
            AllowsClientMaxWindowBits = AllowsClientMaxWindowBits,
        },
        .. Alternatives,
    ];
}
