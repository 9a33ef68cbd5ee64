using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>What a session receives, each message as a stream.</summary>
/// <remarks>Thread-safe, but one call at a time: a second is refused.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The stream is its receiver's.")]
internal sealed class IncomingStreams(FrameQueue queue, CloseState closeState)
{
    // 0 or 1, by exchange: whether a call is in progress.
    private int _isReceiving;

    // Only touched by the call in progress.
    private WebSocketMessageStream? _last;

    /// <summary>Skips what is left of the message before, and waits for the first bytes of the next; null at a normal end.</summary>
    public async ValueTask<WebSocketMessageStream?> ReceiveAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        if (Interlocked.Exchange(ref _isReceiving, 1) != 0)
            throw new InvalidOperationException("Another call waits for the next message already. Messages come one at a time, each skips the rest of the one before: let one place receive them.");
        try
        {
            if (_last is not null)
                await _last.SkipRestAsync().WaitAsync(token).ConfigureAwait(false);
            _last = null;
            while (await queue.WaitToTakeAsync(token).ConfigureAwait(false))
            {
                if (queue.TryTake() is { } first)
                    return _last = new WebSocketMessageStream(first, queue, closeState);
            }

            return null;
        }
        finally
        {
            Volatile.Write(ref _isReceiving, 0);
        }
    }

    /// <summary>All of them, to the normal end.</summary>
    public async IAsyncEnumerable<WebSocketMessageStream> ReceiveAllAsync([EnumeratorCancellation] CancellationToken token)
    {
        while (await ReceiveAsync(token).ConfigureAwait(false) is { } message)
            yield return message;
    }
}
