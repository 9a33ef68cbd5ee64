using System.Threading.Channels;

namespace Duplex;

/// <summary>
/// The outgoing side of a session as a channel. As with <c>SendAsync</c>, a frame is taken when it is staged, and goes
/// out by itself.
/// </summary>
/// <remarks>Thread-safe: any number of writers; wire order is call order.</remarks>
public sealed class FrameChannelWriter : ChannelWriter<Frame>
{
    private readonly FrameSender _sender;
    private readonly ISessionEvents _session;

    internal FrameChannelWriter(FrameSender sender, ISessionEvents session)
    {
        _sender = sender;
        _session = session;
    }

    /// <summary>
    /// Sends a frame if that takes no waiting; false if it would, or if the session takes no more frames.
    /// </summary>
    /// <exception cref="ArgumentException">The frame must not be sent.</exception>
    /// <exception cref="InvalidOperationException">A fragmented message of the other type is unfinished.</exception>
    /// <exception cref="ChannelOverflowException">
    /// There was no room, and the outgoing queue closes the session then.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// A ping or a pong, and the engine lacks <see cref="EngineCapability.ControlFrames"/>.
    /// </exception>
    public override bool TryWrite(Frame item) => _sender.TrySend(item);

    /// <summary>True when there may be room for a frame, false when the session takes no more.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public override ValueTask<bool> WaitToWriteAsync(CancellationToken cancellationToken = default) =>
        _sender.WaitToSendAsync(cancellationToken);

    /// <summary>Sends a frame.</summary>
    /// <param name="item">Its memory is borrowed until the call completes.</param>
    /// <param name="cancellationToken">Withdraws the frame as long as nothing of it is staged.</param>
    /// <exception cref="WebSocketClosedException">The session takes no more frames.</exception>
    public override ValueTask WriteAsync(Frame item, CancellationToken cancellationToken = default) =>
        _sender.SendAsync(item, default, cancellationToken);

    /// <summary>
    /// Begins to close the session without waiting: with 1000, or with 1011 if an error is given. The error is not
    /// sent; <see cref="CloseResult.Error"/> holds it. Received messages can still be read.
    /// </summary>
    /// <returns>False if nothing could be sent any more.</returns>
    public override bool TryComplete(Exception? error = null) =>
        _session.OnCloseRequested(error is null ? CloseReason.Normal : new CloseReason(CloseCode.InternalError), error);
}
