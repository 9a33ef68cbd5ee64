using System.IO.Compression;

namespace Duplex;

/// <summary>
/// Options of message compression for all sessions of a client. Copied when the extension is installed.
/// </summary>
public sealed class PerMessageDeflateOptions
{
    /// <summary>
    /// The compression level. Default: <see cref="CompressionLevel.Fastest"/>. JSON of 1 KiB then takes about a sixth
    /// of the time of <see cref="CompressionLevel.Optimal"/>, and becomes about half as large again. With
    /// <see cref="CompressionLevel.NoCompression"/> messages are sent uncompressed; received messages are still
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
    /// The smallest message to compress, in bytes. Default: 128. Smaller messages are sent uncompressed unless the
    /// sender chooses <see cref="SendTransform.Always"/>. Shorter JSON does not get smaller without context takeover;
    /// with it, the saving is not worth the time on a fast network. Does not apply to messages sent in fragments or
    /// from a stream, as their length is unknown.
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
    } = 128; // the break-even without context takeover: 64 bytes become 65, 128 become 121, 256 become 173

    /// <summary>
    /// Decides for each message whether to compress it. Default: null, which compresses all messages. It is called for
    /// messages of at least <see cref="MinimumSize"/> whose sender chose <see cref="SendTransform.Default"/>. For a
    /// fragmented message it receives the first fragment. Senders of all sessions call it concurrently; it must not
    /// block. An exception fails only that send.
    /// </summary>
    public Func<MessagePart, bool>? CompressIf { get; set; }

    /// <summary>
    /// Whether the server's messages may refer to earlier messages: see
    /// <see cref="PerMessageDeflateOffer.ServerContextTakeover"/>. Default: true.
    /// </summary>
    public bool ServerContextTakeover { get; set; } = true;

    /// <summary>
    /// Whether the client's messages may refer to earlier messages: see
    /// <see cref="PerMessageDeflateOffer.ClientContextTakeover"/>. Default: true.
    /// </summary>
    public bool ClientContextTakeover { get; set; } = true;

    /// <summary>
    /// The largest window of the server: see <see cref="PerMessageDeflateOffer.ServerMaxWindowBits"/>. Default: 15.
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
    /// Further offers in order of preference, for servers that cannot satisfy the properties above, such as an offer
    /// without <see cref="ServerMaxWindowBits"/>. Default: empty. A server that declines all offers leaves the session
    /// uncompressed.
    /// </summary>
    public IList<PerMessageDeflateOffer> Alternatives { get; private set; } = [];

    /// <summary>
    /// The largest ratio of a message's size to its compressed size, for received messages of more than 1 MiB. A larger
    /// ratio ends the session with 1009. Default: 200. Real texts expand 5 to 50 times, malicious data up to 1,032
    /// times, the limit of the format. The session's <c>MaxMessageSize</c> applies in addition.
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
    } = 200; // well above the ratio of real texts, and a fifth of the limit of DEFLATE

    internal PerMessageDeflateOptions Copy()
    {
        var copy = (PerMessageDeflateOptions)MemberwiseClone();
        copy.Alternatives = [.. Alternatives];
        return copy;
    }

    /// <summary>All offers, in order of preference.</summary>
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
