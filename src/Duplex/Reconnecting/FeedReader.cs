using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Duplex;

/// <summary>
/// The messages that a <see cref="ReconnectingWebSocket"/> receives on all its connections. Enumerate it with
/// <c>await foreach</c>, or drain it with <see cref="TryRead"/> after <see cref="WaitToReadAsync"/>.
/// </summary>
/// <remarks>
/// One consumer: a second that waits at the same time gets <see cref="InvalidOperationException"/>. Each message is the
/// consumer's. A token cancels only the wait: no message is lost.
/// </remarks>
public sealed class FeedReader : ChannelReader<Frame>, IAsyncEnumerable<Frame>
{
    private readonly FeedQueue _queue;
    private readonly FeedHooks _hooks;

    internal FeedReader(FeedQueue queue, FeedHooks hooks) => (_queue, _hooks) = (queue, hooks);

    /// <summary>Completes when no message is left and none will come; faulted if the connection is given up.</summary>
    public override Task Completion => _queue.Completion;

    /// <summary>True.</summary>
    public override bool CanCount => true;

    /// <summary>How many messages can be read without waiting.</summary>
    public override int Count => _queue.Count;

    /// <summary>Takes the next message if there is one; never waits.</summary>
    public override bool TryRead([MaybeNullWhen(false)] out Frame item)
    {
        while (_queue.TryTake(out FeedItem next))
        {
            if (next.Frame is null)
                continue;
            item = next.Frame;
            return true;
        }

        item = null;
        return false;
    }

    /// <summary>True when a message can be read, false after a close.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="ReconnectException">The connection was given up.</exception>
    /// <exception cref="InvalidOperationException">Another consumer waits.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfInside();
        return _queue.WaitForMessageAsync(cancellationToken);
    }

    /// <summary>Takes the next message, and waits for it.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="WebSocketClosedException">It was closed, and no message is left.</exception>
    /// <exception cref="ReconnectException">The connection was given up, and no message is left.</exception>
    /// <exception cref="InvalidOperationException">Another consumer waits.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public override async ValueTask<Frame> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (await WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (TryRead(out Frame? frame))
                return frame;
        }

        throw new WebSocketClosedException("The connection that was kept is closed: no more messages will come.");
    }

    /// <summary>The same as <see cref="ChannelReader{T}.ReadAllAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the enumeration with <see cref="OperationCanceledException"/>.</param>
    public IAsyncEnumerator<Frame> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    internal async IAsyncEnumerable<FeedItem> ReadItemsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfInside();
        while (await _queue.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            while (_queue.TryTake(out FeedItem item))
                yield return item;
        }
    }

    private void ThrowIfInside()
    {
        if (_hooks.IsInside)
        {
            throw new InvalidOperationException(
                "A function of a ReconnectingWebSocket waits for its messages, which come only when the function has " +
                "returned. In OnConnected receive from the ConnectedSession.");
        }
    }
}
