using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Transforms a session's messages, for example compresses, signs or logs them. A
/// <see cref="WebSocketExtensionFactory"/> creates an instance for each session.
/// </summary>
/// <remarks>
/// <para>
/// An extension with <see cref="Offers"/> is active if the server accepts one (RFC 6455 §9). One without is a local
/// interceptor: always active, and unknown to the server. <see cref="FrameExtension"/> is a simpler base class.
/// </para>
/// <para>
/// Calls in one direction never overlap, but the two directions run concurrently: state that both use must be
/// thread-safe. Outgoing calls are made in wire order. A call must not block: it would block the other senders, or the
/// receive loop.
/// </para>
/// <para>An exception ends the session with 1011, except in <see cref="TransformsOutgoing"/>.</para>
/// </remarks>
public abstract class WebSocketExtension : IDisposable
{
    /// <summary>The name that the factory assigned; otherwise empty.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The reserved bits that the factory assigned.</summary>
    public ReservedBits ReservedBits { get; private set; }

    internal bool MarksContinuations { get; private set; }

    /// <summary>
    /// The offers to the server in order of preference, with the extension's name; empty, the default, for a local
    /// interceptor. Read once for each handshake.
    /// </summary>
    public virtual IReadOnlyList<WebSocketExtensionHeader> Offers => [];

    /// <summary>
    /// Checks the server's answer and stores the agreed parameters. Called once, if the server accepted the extension.
    /// </summary>
    /// <param name="answer">The server's element of the header.</param>
    /// <param name="error">
    /// If the answer is illegal, one sentence on what was expected, without text from the server; the handshake fails
    /// with it.
    /// </param>
    /// <returns>Whether the answer is legal: by default, without parameters or equal to an offer.</returns>
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
    /// transforms it. An exception fails only that send.
    /// </summary>
    /// <param name="first">The message, or its first fragment, without the total length.</param>
    /// <param name="wish">What the sender wishes.</param>
    /// <returns>
    /// Whether to transform it: by default true unless <paramref name="wish"/> is <see cref="SendTransform.Never"/>.
    /// </returns>
    public virtual bool TransformsOutgoing(in MessagePart first, SendTransform wish) =>
        wish != SendTransform.Never;

    /// <summary>Transforms a part of an outgoing message. The bytes written become the frame's payload.</summary>
    /// <param name="part">A whole message, or a fragment.</param>
    /// <param name="output">Receives the transformed bytes.</param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output) =>
        ExtensionResult.Untouched;

    /// <summary>Transforms a part of an incoming message. The bytes written for all parts become the message.</summary>
    /// <param name="part">The bytes received.</param>
    /// <param name="output">
    /// Receives the transformed bytes; usually the message's own memory. Advancing past the session's message limit
    /// throws and ends the session with 1009: do not catch that.
    /// </param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output) =>
        ExtensionResult.Untouched;

    /// <summary>
    /// Called once, after the session or a failed handshake, when neither direction uses the instance.
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
