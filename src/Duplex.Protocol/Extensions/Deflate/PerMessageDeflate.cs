using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Duplex;

/// <summary>
/// Compresses a session's messages with permessage-deflate (RFC 7692), if the server accepts. The properties return
/// what was agreed. Get the instance with <c>session.TryGetExtension(out PerMessageDeflate? deflate)</c>.
/// </summary>
/// <remarks>
/// <para>
/// It compresses whole messages, also those sent in fragments or from a stream. Each direction's first compressed
/// message allocates its memory.
/// </para>
/// <para>
/// Never compress a secret together with text that an attacker may choose: the compressed length reveals the secret.
/// <see cref="SendTransform.Never"/> excludes a message.
/// </para>
/// <para>The properties are thread-safe; the other members are for the session.</para>
/// </remarks>
public sealed class PerMessageDeflate : WebSocketExtension
{
    private readonly PerMessageDeflateOptions _options;
    private readonly IReadOnlyList<PerMessageDeflateOffer> _offers;

    // Created by the handshake; then only touched by its direction, and by Dispose after both.
    private MessageDeflater? _deflater;
    private MessageInflater? _inflater;

    // Each written by its direction, read by any thread.
    private long _sentBytes;
    private long _sentCompressedBytes;
    private long _receivedBytes;
    private long _receivedCompressedBytes;

    internal PerMessageDeflate(PerMessageDeflateOptions options)
    {
        _options = options;
        _offers = options.Offers;
    }

    /// <summary>Whether the server's messages may refer to earlier messages.</summary>
    public bool ServerContextTakeover { get; private set; }

    /// <summary>Whether the client's messages may refer to earlier messages.</summary>
    public bool ClientContextTakeover { get; private set; }

    /// <summary>The size of the server's window, as a power of two in bytes: 8 to 15.</summary>
    public int ServerMaxWindowBits { get; private set; }

    /// <summary>The largest size of the client's window, as a power of two in bytes: 8 to 15.</summary>
    public int ClientMaxWindowBits { get; private set; }

    /// <summary>The uncompressed bytes of all messages sent compressed.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>The compressed bytes of all messages sent compressed.</summary>
    public long SentCompressedBytes => Volatile.Read(ref _sentCompressedBytes);

    /// <summary>The uncompressed bytes of all messages received compressed.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>The compressed bytes of all messages received compressed.</summary>
    public long ReceivedCompressedBytes => Volatile.Read(ref _receivedCompressedBytes);

    /// <inheritdoc/>
    public override IReadOnlyList<WebSocketExtensionHeader> Offers => [.. _offers.Select(DeflateParameters.ToHeader)];

    /// <inheritdoc/>
    public override bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!DeflateParameters.TryParse(answer, out DeflateParameters agreed, out error))
            return false;

        // Of several fitting offers, the most preferred counts.
        PerMessageDeflateOffer? offer = _offers.FirstOrDefault(offer => agreed.Contradicts(offer) is null);
        if (offer is null)
        {
            error = agreed.Contradicts(_offers[0])!;
            return false;
        }

        ServerContextTakeover = !agreed.ServerNoContextTakeover;
        ClientContextTakeover = !agreed.ClientNoContextTakeover && offer.ClientContextTakeover;
        ServerMaxWindowBits = agreed.ServerMaxWindowBits ?? DeflateWindow.MaxBits;
        ClientMaxWindowBits = agreed.ClientMaxWindowBits ?? DeflateWindow.MaxBits;
        _deflater = new MessageDeflater(_options.Level, ClientContextTakeover, ClientMaxWindowBits);
        _inflater = new MessageInflater(ServerContextTakeover, _options.MaxExpansion);
        return true;
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The sender has set RSV1, which marks a compressed message.</exception>
    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish)
    {
        // The peer would expand the message with its context, and lose synchronization.
        if (first.Reserved != ReservedBits.None)
        {
            throw new ArgumentException(
                "RSV1 belongs to permessage-deflate, which sets it on what it compresses (RFC 7692 §6). Clear it.",
                nameof(first));
        }

        if (wish == SendTransform.Never || _options.Level == CompressionLevel.NoCompression)
            return false;
        return wish == SendTransform.Always
            || ((!first.EndsMessage || first.Data.Length >= _options.MinimumSize)
                && _options.CompressIf?.Invoke(first) != false);
    }

    /// <inheritdoc/>
    public override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        long written = Opened(_deflater).Deflate(part.Data, part.EndsMessage, output);
        Volatile.Write(ref _sentBytes, _sentBytes + part.Data.Length);
        Volatile.Write(ref _sentCompressedBytes, _sentCompressedBytes + written);

        // RFC 7692 §6.1: only the first frame of a compressed message has the bit.
        return ExtensionResult.Done(part.StartsMessage ? ReservedBits.Rsv1 : ReservedBits.None);
    }

    /// <inheritdoc/>
    public override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);

        // RFC 7692 §6.2: a message without the bit is not compressed.
        if (part is { StartsMessage: true, Reserved: ReservedBits.None })
            return ExtensionResult.Untouched;

        MessageInflater inflater = Opened(_inflater);
        ProtocolViolation? violation = inflater.Inflate(part, output);
        Volatile.Write(ref _receivedBytes, inflater.Total);
        Volatile.Write(ref _receivedCompressedBytes, _receivedCompressedBytes + part.Data.Length);
        return violation is null ? ExtensionResult.Done() : ExtensionResult.Failed(violation);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _deflater?.Dispose();
            _inflater?.Dispose();
        }

        base.Dispose(disposing);
    }

    private static T Opened<T>(T? codec)
        where T : class => codec ?? throw new InvalidOperationException("The extension was not accepted by a server.");
}
