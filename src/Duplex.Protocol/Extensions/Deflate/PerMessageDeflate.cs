using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Duplex;

/// <summary>
/// Compresses a session's messages by permessage-deflate (RFC 7692), if the server accepts it. Its properties tell what was agreed on: <c>session.TryGetExtension(out PerMessageDeflate? deflate)</c>.
/// </summary>
/// <remarks>
/// <para>Messages are compressed, not fragments; those that are sent in fragments or from a stream, too. Memory is taken with the first message that is compressed in a direction.</para>
/// <para>Never compress secrets together with text that others may choose: the length of the outcome tells one from the other. <see cref="SendTransform.Never"/> keeps a message out.</para>
/// <para>Thread-safe: the properties. The rest belongs to the session.</para>
/// </remarks>
public sealed class PerMessageDeflate : WebSocketExtension
{
    private readonly PerMessageDeflateOptions _options;
    private readonly IReadOnlyList<PerMessageDeflateOffer> _offers;

    // Made by the handshake; then each is only touched by its direction, and by Dispose behind both.
    private MessageDeflater? _deflater;
    private MessageInflater? _inflater;

    // Each only raised by its direction, read by any thread.
    private long _sentBytes;
    private long _sentCompressedBytes;
    private long _receivedBytes;
    private long _receivedCompressedBytes;

    internal PerMessageDeflate(PerMessageDeflateOptions options)
    {
        _options = options;
        _offers = options.Offers;
    }

    /// <summary>Whether the server's messages may refer to those before them.</summary>
    public bool ServerContextTakeover { get; private set; }

    /// <summary>Whether our messages refer to those before them.</summary>
    public bool ClientContextTakeover { get; private set; }

    /// <summary>How far back the server's messages may refer, as a power of two in bytes: 8 to 15.</summary>
    public int ServerMaxWindowBits { get; private set; }

    /// <summary>How far back our messages refer at most, as a power of two in bytes: 8 to 15.</summary>
    public int ClientMaxWindowBits { get; private set; }

    /// <summary>How many bytes the messages had that were sent compressed, before they were.</summary>
    public long SentBytes => Volatile.Read(ref _sentBytes);

    /// <summary>How many bytes of payload became of them.</summary>
    public long SentCompressedBytes => Volatile.Read(ref _sentCompressedBytes);

    /// <summary>How many bytes the messages have that were received compressed.</summary>
    public long ReceivedBytes => Volatile.Read(ref _receivedBytes);

    /// <summary>How many bytes of payload they came in.</summary>
    public long ReceivedCompressedBytes => Volatile.Read(ref _receivedCompressedBytes);

    /// <inheritdoc/>
    public override IReadOnlyList<WebSocketExtensionHeader> Offers => [.. _offers.Select(DeflateParameters.ToHeader)];

    /// <inheritdoc/>
    public override bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (!DeflateParameters.TryParse(answer, out DeflateParameters agreed, out error))
            return false;

        // Where the answer fits several offers, it is taken for the one that we want most.
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
    /// <exception cref="ArgumentException">The sender has set RSV1, which says that a message is compressed.</exception>
    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish)
    {
        // The peer would take it for compressed by what it knows of our messages, and lose track of them.
        if (first.Reserved != ReservedBits.None)
            throw new ArgumentException("RSV1 belongs to permessage-deflate, which sets it on what it compresses (RFC 7692 §6). Clear it.", nameof(first));
        if (wish == SendTransform.Never || _options.Level == CompressionLevel.NoCompression)
            return false;
        return wish == SendTransform.Always
            || ((!first.EndsMessage || first.Data.Length >= _options.MinimumSize) && _options.CompressIf?.Invoke(first) != false);
    }

    /// <inheritdoc/>
    public override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);
        long written = Opened(_deflater).Deflate(part.Data, part.EndsMessage, output);
        Volatile.Write(ref _sentBytes, _sentBytes + part.Data.Length);
        Volatile.Write(ref _sentCompressedBytes, _sentCompressedBytes + written);

        // RFC 7692 §6.1: of a message that is compressed the first frame has the bit, and no other.
        return ExtensionResult.Done(part.StartsMessage ? ReservedBits.Rsv1 : ReservedBits.None);
    }

    /// <inheritdoc/>
    public override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output)
    {
        ArgumentNullException.ThrowIfNull(output);

        // RFC 7692 §6.2: a message without the bit is not compressed, whatever others are.
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
