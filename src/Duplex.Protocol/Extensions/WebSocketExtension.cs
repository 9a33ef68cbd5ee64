using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>
/// Transforms a session's messages on their way out and in: compresses, signs, logs. One instance serves one session; a <see cref="WebSocketExtensionFactory"/> makes it.
/// </summary>
/// <remarks>
/// <para>
/// An extension with <see cref="Offers"/> is active if the server accepts one of them (RFC 6455 §9). One without is a local interceptor, which the server knows nothing of, and is always
/// active. <see cref="FrameExtension"/> is a simpler form, for those that want whole messages.
/// </para>
/// <para>
/// Threads: one call at a time in each direction, but the directions run at the same time; so what both touch must be safe for that. Outgoing calls are made in wire order, which is
/// call order. A call must not wait: outgoing it holds up the other senders, incoming everything that the session receives.
/// </para>
/// <para>What an extension throws, save in <see cref="TransformsOutgoing"/>, ends the session with 1011.</para>
/// </remarks>
public abstract class WebSocketExtension : IDisposable
{
    /// <summary>The name that its factory gave it; empty if none made it.</summary>
    public string Name { get; private set; } = "";

    /// <summary>The reserved bits that it owns, as its factory says.</summary>
    public ReservedBits ReservedBits { get; private set; }

    internal bool MarksContinuations { get; private set; }

    /// <summary>What to offer the server, the most wanted first; each has the extension's name. Empty for a local interceptor. Asked once for each handshake.</summary>
    public virtual IReadOnlyList<WebSocketExtensionHeader> Offers => [];

    /// <summary>Judges what the server accepted, and keeps what was agreed. Called once, if the server accepted the extension; not called for an interceptor.</summary>
    /// <param name="answer">The server's element, with its parameters. Its name is the extension's.</param>
    /// <param name="error">If it is illegal, what was expected, in a sentence and without the server's words: the handshake fails with it.</param>
    /// <returns>Whether it is legal. By default: if it has no parameters, or is one of the offers to the letter.</returns>
    public virtual bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string text = answer.ToString();
        bool isLegal = answer.Parameters.Count == 0 || Offers.Any(offer => offer.ToString() == text);
        error = isLegal ? null : "The server answered with parameters that were not offered.";
        return isLegal;
    }

    /// <summary>
    /// Decides whether a message that is about to be sent will be transformed. Asked once for each message, under the gate, of all extensions before any transforms it; what is thrown
    /// here fails that send and nothing else.
    /// </summary>
    /// <param name="first">The message, or its first fragment, as its sender made it. Its length is all that is known of the message's.</param>
    /// <param name="wish">What its sender wishes.</param>
    /// <returns>Whether to transform it; by default unless its sender wishes that it is not.</returns>
    public virtual bool TransformsOutgoing(in MessagePart first, SendTransform wish) => wish != SendTransform.Never;

    /// <summary>Transforms a part of an outgoing message. What is written becomes the frame's payload.</summary>
    /// <param name="part">A whole message, or a fragment.</param>
    /// <param name="output">Where the outcome goes.</param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output) => ExtensionResult.Untouched;

    /// <summary>Transforms a part of an incoming message. What is written until its last part becomes the message.</summary>
    /// <param name="part">What has come.</param>
    /// <param name="output">
    /// Where the outcome goes: as a rule the message's own memory. It holds the session's limit for a message: advancing past it throws, which must not be caught, and ends the session
    /// with 1009.
    /// </param>
    /// <returns>By default <see cref="ExtensionResult.Untouched"/>.</returns>
    public virtual ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output) => ExtensionResult.Untouched;

    /// <summary>Called once, when neither direction uses the instance any more: at the end of its session, or of a handshake that did not lead to one.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the extension holds.</summary>
    /// <param name="disposing">True unless a finalizer calls.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>Its factory says who it is. False if one has before: then it serves another session already.</summary>
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
