namespace Duplex;

/// <summary>What is offered to a server, with the parameters of RFC 7692 §7.1. Immutable.</summary>
public sealed record PerMessageDeflateOffer
{
    /// <summary>
    /// Whether the server's messages may refer to those before them, which makes small ones much smaller. By default they may. Otherwise <c>server_no_context_takeover</c> is asked for:
    /// then nothing is held between messages that are received.
    /// </summary>
    public bool ServerContextTakeover { get; init; } = true;

    /// <summary>
    /// Whether our messages may refer to those before them, which makes small ones much smaller. By default they may. Otherwise they do not, whatever the server answers, which is told so
    /// by <c>client_no_context_takeover</c>: then nothing is held between messages that are sent.
    /// </summary>
    public bool ClientContextTakeover { get; init; } = true;

    /// <summary>How far back the server's messages may refer, as a power of two in bytes: 8 (256 bytes) to 15 (32 KiB, the default, which asks for nothing).</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is out of that range.</exception>
    public int ServerMaxWindowBits
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, DeflateWindow.MinBits);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, DeflateWindow.MaxBits);
            field = value;
        }
    } = DeflateWindow.MaxBits;

    /// <summary>
    /// Whether the server may limit how far back our messages refer, by <c>client_max_window_bits</c>. By default it may: some servers accept no offer without. A small window costs
    /// compression, and an allocation each time that so many bytes were sent.
    /// </summary>
    public bool AllowsClientMaxWindowBits { get; init; } = true;
}
