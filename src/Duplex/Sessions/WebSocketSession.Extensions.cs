using System.Diagnostics.CodeAnalysis;

namespace Duplex;

public abstract partial class WebSocketSession
{
    /// <summary>The session's active extensions, in the order in which a message that is sent passes them; on the way in it is the reverse. A raw session has none.</summary>
    public IReadOnlyList<WebSocketExtension> Extensions => Connection.Extensions;

    /// <summary>The active extension of a type.</summary>
    /// <typeparam name="TExtension">The extension's type, or a base of it; the first that fits is given.</typeparam>
    /// <exception cref="InvalidOperationException">None is active: it was not installed, or the server did not accept it.</exception>
    public TExtension Extension<TExtension>()
        where TExtension : WebSocketExtension => TryGetExtension(out TExtension? extension)
            ? extension
            : throw new InvalidOperationException(
                $"The session has no active {typeof(TExtension).Name}: it was not installed, or the server did not accept it. Ask TryGetExtension where that may be so.");

    /// <summary>The active extension of a type, if there is one.</summary>
    /// <typeparam name="TExtension">The extension's type, or a base of it; the first that fits is given.</typeparam>
    /// <param name="extension">The extension. Its session disposes it.</param>
    /// <returns>Whether there is one.</returns>
    public bool TryGetExtension<TExtension>([NotNullWhen(true)] out TExtension? extension)
        where TExtension : WebSocketExtension
    {
        extension = Extensions.OfType<TExtension>().FirstOrDefault();
        return extension is not null;
    }

    // The overloads with a wish demand their token: with an optional one, SendAsync(text, default) could mean either.

    /// <summary>Sends a frame, with a wish to the extensions.</summary>
    /// <inheritdoc cref="SendAsync(Frame, CancellationToken)"/>
    /// <param name="frame">The frame; of a fragmented message the first one's wish counts.</param>
    /// <param name="transform">What is wished of the session's extensions, such as not to compress the message.</param>
    /// <param name="cancellationToken">Withdraws the frame as long as nothing of it is staged; ignored from then on. Never harms the session.</param>
    public ValueTask SendAsync(Frame frame, SendTransform transform, CancellationToken cancellationToken) => OutgoingFrames.SendAsync(frame, transform, cancellationToken);

    /// <summary>Sends a binary message, with a wish to the extensions.</summary>
    /// <inheritdoc cref="SendAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="data">The bytes; borrowed until the call completes.</param>
    /// <param name="transform">What is wished of the session's extensions, such as not to compress the message.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on.</param>
    public ValueTask SendAsync(ReadOnlyMemory<byte> data, SendTransform transform, CancellationToken cancellationToken) =>
        Connection.Sender.SendAsync(new OutgoingFrame(FrameType.Binary, data, Transform: transform), cancellationToken);

    /// <summary>Sends a text message that is UTF-8 already, with a wish to the extensions.</summary>
    /// <inheritdoc cref="SendTextAsync(ReadOnlyMemory{byte}, CancellationToken)"/>
    /// <param name="utf8">The text in UTF-8, which is checked; borrowed until the call completes.</param>
    /// <param name="transform">What is wished of the session's extensions, such as not to compress the message.</param>
    /// <param name="cancellationToken">Withdraws the message as long as nothing of it is staged; ignored from then on.</param>
    public ValueTask SendTextAsync(ReadOnlyMemory<byte> utf8, SendTransform transform, CancellationToken cancellationToken) =>
        Connection.Sender.SendAsync(new OutgoingFrame(FrameType.Text, utf8, Transform: transform), cancellationToken);
}
