using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Duplex;

/// <summary>The consumer's side of <see cref="FeedQueue"/>, with or without the gaps.</summary>
internal sealed class FeedReader(FeedQueue queue) : ChannelReader<Frame>
{
    public override bool CanCount => true;

    public override int Count => queue.Count;

    public override bool TryRead([MaybeNullWhen(false)] out Frame item)
    {
        while (queue.TryTake(out FeedItem next))
        {
            if (next.Frame is null)
                continue;
            item = next.Frame;
            return true;
        }

        item = null;
        return false;
    }

    public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) =>
        queue.WaitForMessageAsync(cancellationToken);

    public override async ValueTask<Frame> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (await queue.WaitForMessageAsync(cancellationToken).ConfigureAwait(false))
        {
            if (TryRead(out Frame? frame))
                return frame;
        }

        throw new WebSocketClosedException("The connection that was kept is closed: no more messages will come.");
    }

    public async IAsyncEnumerable<FeedItem> ReadItemsAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await queue.WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            while (queue.TryTake(out FeedItem item))
                yield return item;
        }
    }
}
