using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Transforms a session's outgoing and incoming messages, for example compresses, signs or logs them. An instance
/// serves one session and is created by a <see cref="WebSocketExtensionFactory"/>.
/// </summary>
/// <remarks>
/// <para>
/// An extension with <see cref="Offers"/> is active if the server accepts one of them (RFC 6455 §9). An extension
/// without offers is a local interceptor: it is always active, and the server does not know of it.
/// <see cref="FrameExtension"/> is a simpler base class for extensions that process whole messages.
/// </para>
/// <para>
/// Calls in one direction never overlap, but the two directions run concurrently, so state that both use must be
/// thread-safe. Outgoing calls are made in wire order, which is call order. A call must not block: an outgoing call
/// blocks the other senders, an incoming call the receive loop.
/// </para>
/// <para>An exception ends the session with 1011, except in <see cref="TransformsOutgoing"/>.</para>
/// </remarks>
public abstract class WebSocketExtension : IDisposable
{
    /// <summary>The name that the factory assigned; empty if no factory created the instance.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The reserved bits that the extension owns, as assigned by the factory.</summary>
    public ReservedBits ReservedBits { get; private set; }

    internal bool MarksContinuations { get; private set; }

    /// <summary>
    /// The offers to the server in order of preference, each with the extension's name. Empty for a local interceptor,
    /// the default. Read once for each handshake.
    /// </summary>
    public virtual IReadOnlyList<WebSocketExtensionHeader> Offers => [];

    /// <summary>
    /// Checks the server's answer and stores the agreed parameters. Called once, if the server accepted the extension;
    /// never for an interceptor.
    /// </summary>
    /// <param name="answer">The server's element of the header, with the extension's name and its parameters.</param>
    /// <param name="error">
    /// If the answer is illegal, one sentence on what was expected, without text from the server. The handshake fails
    /// with it.
    /// </param>
    /// <returns>
    /// Whether the answer is legal. By default it must have no parameters, or equal one of the offers exactly.
    /// </returns>
    public virtual bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string text = answer.ToString();
        bool isLegal = answer.Parameters.Count == 0 || Offers.Any(offer => offer.ToString() == text);
        error = isLegal ? null : "The server answered with parameters that were not offered.";
        return isLegal;
    }

    /// <summary>
    /// Decides whether an outgoing message is transformed. Called once for each message, for all extensions before any
    /// transforms the message. Calls do not overlap. An exception fails only that send.
    /// </summary>
    /// <param name="first">
    /// The message, or its first fragment. The total length of a fragmented message is unknown.
    /// </param>
    /// <param name="wish">What the sender wishes.</param>
    /// <returns>
    /// Whether to transform the message. By default true unless <paramref name="wish"/> is
    /// <see cref="SendTransform.Never"/>.
    /// </returns>
    public virtual bool TransformsOutgoing(in MessagePart first, SendTransform wish) =>
        wish != SendTransform.Never;

    /// <summary>Transforms a part of an outgoing message. The bytes written become the frame's payload.</summary>
    /// <param name="part">A whole message, or a fragment.</param>
    /// <param name="output">Receives the transformed bytes.</param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output) =>
        ExtensionResult.Untouched;

    /// <summary>
    /// Transforms a part of an incoming message. The bytes written for all of its parts become the message.
    /// </summary>
    /// <param name="part">The bytes received.</param>
    /// <param name="output">
    /// Receives the transformed bytes; usually the message's own memory. It enforces the session's message limit:
    /// advancing past it throws and ends the session with 1009. Do not catch that exception.
    /// </param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output) =>
        ExtensionResult.Untouched;

    /// <summary>
    /// Called once, after the session or a failed handshake, when neither direction uses the instance any more.
    /// </summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases the extension's resources.</summary>
    /// <param name="disposing">False if called from a finalizer.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>
    /// Assigns what the factory declares. Returns false if another session uses the instance already.
    /// </summary>
    internal bool TryIdentify(string name, ReservedBits reservedBits, bool marksContinuations)
    {
        if (Name.Length > 0)
            return false;
        Name = name;
        ReservedBits = reservedBits;
        MarksContinuations = marksContinuations;
        return true;
    }
}
