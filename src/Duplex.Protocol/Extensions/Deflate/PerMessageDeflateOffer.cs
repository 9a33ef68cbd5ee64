namespace Duplex;

/// <summary>An offer to a server, with the parameters of RFC 7692 §7.1. Immutable.</summary>
public sealed record PerMessageDeflateOffer
{
    /// <summary>
    /// Whether the server's messages may refer to earlier ones, which makes small ones much smaller. Default: true. If
    /// false, the offer has <c>server_no_context_takeover</c>, and no memory is held between received messages.
    /// </summary>
    public bool ServerContextTakeover { get; init; } = true;

    /// <summary>
    /// Whether the client's messages may refer to earlier ones, which makes small ones much smaller. Default: true. If
    /// false, the offer has <c>client_no_context_takeover</c>, and no memory is held between sent messages, whatever
    /// the server answers.
    /// </summary>
    public bool ClientContextTakeover { get; init; } = true;

    /// <summary>
    /// The server's largest window, as a power of two in bytes: 8 (256 bytes) to 15 (32 KiB, the default, which adds no
    /// parameter).
    /// </summary>
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
    /// Whether the server may limit the client's window (<c>client_max_window_bits</c>). Default: true, as some servers
    /// accept no offer without it. A small window compresses less and costs an allocation per window's worth of bytes
    /// sent.
    /// </summary>
    public bool AllowsClientMaxWindowBits { get; init; } = true;
}
