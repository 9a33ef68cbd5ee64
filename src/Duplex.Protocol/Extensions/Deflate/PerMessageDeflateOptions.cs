using System.IO.Compression;

namespace Duplex;

/// <summary>How messages are compressed, for all sessions of a client. Copied when the extension is installed.</summary>
public sealed class PerMessageDeflateOptions
{
    /// <summary>
    /// How hard it is tried to make messages small. By default <see cref="CompressionLevel.Fastest"/>: JSON of 1 KiB takes about a sixth of the time of <see cref="CompressionLevel.Optimal"/>,
    /// and becomes about half as large again. With <see cref="CompressionLevel.NoCompression"/> messages are sent as they are, and only those of the server's are expanded.
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
    /// Messages of fewer bytes are sent as they are, unless their sender wishes <see cref="SendTransform.Always"/>. 128 bytes by default: measured, shorter JSON that stands for itself does
    /// not get smaller at all, and one that refers to messages before saves less than it costs a sender on a fast network. Whatever is sent in fragments or from a stream is compressed:
    /// nobody knows its length when it begins.
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
    /// Decides for each message whether it is compressed; null, the default, for all. Asked for those of <see cref="MinimumSize"/> whose sender has no wish, of a fragmented message for its
    /// first fragment. It is called by senders of all sessions, at the same time, and must not wait. What it throws fails that send and nothing else.
    /// </summary>
    public Func<MessagePart, bool>? CompressIf { get; set; }

    /// <summary>Whether the server's messages may refer to those before them, as <see cref="PerMessageDeflateOffer.ServerContextTakeover"/>. True by default.</summary>
    public bool ServerContextTakeover { get; set; } = true;

    /// <summary>Whether our messages may refer to those before them, as <see cref="PerMessageDeflateOffer.ClientContextTakeover"/>. True by default.</summary>
    public bool ClientContextTakeover { get; set; } = true;

    /// <summary>How far back the server's messages may refer, as <see cref="PerMessageDeflateOffer.ServerMaxWindowBits"/>. 15 by default.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is below 8 or above 15.</exception>
    public int ServerMaxWindowBits
    {
        get;
        set => field = new PerMessageDeflateOffer { ServerMaxWindowBits = value }.ServerMaxWindowBits;
    } = DeflateWindow.MaxBits;

    /// <summary>Whether the server may limit how far back our messages refer, as <see cref="PerMessageDeflateOffer.AllowsClientMaxWindowBits"/>. True by default.</summary>
    public bool AllowsClientMaxWindowBits { get; set; } = true;

    /// <summary>
    /// What else to offer, in order of preference, to servers that cannot do what the properties above ask for, such as an offer without <see cref="ServerMaxWindowBits"/>. Empty by
    /// default: such a server then declines, and nothing is compressed.
    /// </summary>
    public IList<PerMessageDeflateOffer> Alternatives { get; private set; } = [];

    /// <summary>
    /// How many times as large as its compressed bytes a received message of more than 1 MiB may get; more ends the session with 1009. 200 by default: texts of real programs get 5 to 50
    /// times as large, what is made to harm up to 1,032 times, which is as much as the format can do. It comes on top of the session's <c>MaxMessageSize</c>.
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
    } = 200; // well above what real texts reach, and a fifth of what DEFLATE can do

    internal PerMessageDeflateOptions Copy()
    {
        var copy = (PerMessageDeflateOptions)MemberwiseClone();
        copy.Alternatives = [.. Alternatives];
        return copy;
    }

    /// <summary>All offers, the most wanted first.</summary>
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
