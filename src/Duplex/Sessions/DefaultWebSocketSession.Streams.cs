using System.Runtime.CompilerServices;

namespace Duplex;

public partial class DefaultWebSocketSession
{
    private readonly bool _receivesStreams;

    // 1 while a receive call is in progress; changed by atomic exchange.
    private int _isReceivingStream;

    // Only touched by the receive call in progress.
    private WebSocketMessageStream? _lastStream;

    /// <summary>
    /// Receives the next message as a stream, as soon as its first bytes arrive. It first skips the rest of the
    /// previous message, waiting for it if necessary; that stream can no longer be read.
    /// </summary>
    /// <remarks>
    /// Only one call may be in progress. While a stream is unread and the incoming queue is full, nothing is read from
    /// the peer, and its pings are not answered. Read or dispose the stream; disposal skips the rest as it arrives.
    /// </remarks>
    /// <param name="cancellationToken">Cancels the wait only; only the message being skipped is lost.</param>
    /// <returns>The message; null after a normal close.</returns>
    /// <exception cref="WebSocketException">The session ended in another way.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session receives no streams (<see cref="ReceiveMode.Streams"/>), another call is waiting, or the previous
    /// stream is being read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<WebSocketMessageStream?> ReceiveStreamAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfNoStreams();
        return ReceiveNextAsync(cancellationToken);
    }

    /// <summary>
    /// Receives all messages as streams until a normal close; each step skips the rest of the previous one.
    /// </summary>
    /// <inheritdoc cref="ReceiveStreamAsync"/>
    /// <returns>The messages.</returns>
    public IAsyncEnumerable<WebSocketMessageStream> ReceiveStreamsAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfNoStreams();
        return EnumerateStreamsAsync(cancellationToken);
    }

    private static AssemblerOutput OutputFor(ReceiveMode mode) =>
        mode == ReceiveMode.Streams ? AssemblerOutput.Pieces : AssemblerOutput.Messages;

    private async ValueTask<WebSocketMessageStream?> ReceiveNextAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _isReceivingStream, 1) != 0)
        {
            throw new InvalidOperationException(
                "Another call waits for the next message already. Messages come one at a time, each skips the rest " +
                "of the one before: let one place receive them.");
        }

        try
        {
            if (_lastStream is not null)
                await _lastStream.SkipRestAsync().WaitAsync(token).ConfigureAwait(false);
            _lastStream = null;
            while (await Queue.WaitToTakeAsync(token).ConfigureAwait(false))
            {
                if (Queue.TryTake() is { } first)
                    return _lastStream = new WebSocketMessageStream(first, Queue, Connection.Receiving, CloseState);
            }

            return null;
        }
        finally
        {
            Volatile.Write(ref _isReceivingStream, 0);
        }
    }

    private async IAsyncEnumerable<WebSocketMessageStream> EnumerateStreamsAsync(
        [EnumeratorCancellation] CancellationToken token)
    {
        while (await ReceiveNextAsync(token).ConfigureAwait(false) is { } message)
            yield return message;
    }

    private void ThrowIfNoStreams()
    {
        if (!_receivesStreams)
        {
            throw new InvalidOperationException(
                "The session was not opened with ReceiveMode.Streams, so it has no streams. Receive from Incoming, " +
                "or set ReceiveMode = ReceiveMode.Streams on the request.");
        }
    }
}
