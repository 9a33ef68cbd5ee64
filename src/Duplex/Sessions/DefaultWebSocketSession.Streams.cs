using System.Runtime.CompilerServices;

namespace Duplex;

public partial class DefaultWebSocketSession
{
    private readonly bool _receivesStreams;

    // 0 or 1, by exchange: whether a call is in progress.
    private int _isReceivingStream;

    // Only touched by the call in progress.
    private WebSocketMessageStream? _lastStream;

    /// <summary>
    /// Receives the next message as a stream, as soon as its first bytes have come. What is left of the one before is skipped, which may mean waiting for it to come; that stream cannot be
    /// read any more.
    /// </summary>
    /// <remarks>
    /// One call at a time. While a stream is not read and the incoming queue is full, the peer is not read either, and so not answered: read, or dispose the stream, which then is skipped
    /// as it comes.
    /// </remarks>
    /// <param name="cancellationToken">Ends the wait; the session stays usable, and no message is lost but what was being skipped.</param>
    /// <returns>The message; null at a normal end.</returns>
    /// <exception cref="WebSocketException">The session ended in any other way: what happened.</exception>
    /// <exception cref="InvalidOperationException">
    /// The session does not receive streams (<see cref="ReceiveMode.Streams"/>), another call is waiting, or the stream before is being read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<WebSocketMessageStream?> ReceiveStreamAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfNoStreams();
        return ReceiveNextAsync(cancellationToken);
    }

    /// <summary>Receives all messages as streams, to the normal end. Going on to the next skips what is left of the one before.</summary>
    /// <inheritdoc cref="ReceiveStreamAsync"/>
    /// <returns>The messages.</returns>
    public IAsyncEnumerable<WebSocketMessageStream> ReceiveStreamsAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfNoStreams();
        return EnumerateStreamsAsync(cancellationToken);
    }

    private static AssemblerOutput OutputFor(ReceiveMode mode) => mode == ReceiveMode.Streams ? AssemblerOutput.Pieces : AssemblerOutput.Messages;

    private async ValueTask<WebSocketMessageStream?> ReceiveNextAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _isReceivingStream, 1) != 0)
            throw new InvalidOperationException("Another call waits for the next message already. Messages come one at a time, each skips the rest of the one before: let one place receive them.");
        try
        {
            if (_lastStream is not null)
                await _lastStream.SkipRestAsync().WaitAsync(token).ConfigureAwait(false);
            _lastStream = null;
            while (await Queue.WaitToTakeAsync(token).ConfigureAwait(false))
            {
                if (Queue.TryTake() is { } first)
                    return _lastStream = new WebSocketMessageStream(first, Queue, CloseState);
            }

            return null;
        }
        finally
        {
            Volatile.Write(ref _isReceivingStream, 0);
        }
    }

    private async IAsyncEnumerable<WebSocketMessageStream> EnumerateStreamsAsync([EnumeratorCancellation] CancellationToken token)
    {
        while (await ReceiveNextAsync(token).ConfigureAwait(false) is { } message)
            yield return message;
    }

    private void ThrowIfNoStreams()
    {
        if (!_receivesStreams)
            throw new InvalidOperationException("The session was opened with ReceiveMode.Messages, so it has no streams. Receive from Incoming, or open it with ReceiveMode = ReceiveMode.Streams on the request.");
    }
}
