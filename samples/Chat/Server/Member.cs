using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Chat.Server;

/// <summary>Someone in a room, with the messages that wait to be sent to them.</summary>
/// <remarks>
/// The queue is bounded. A client that reads too slowly loses the oldest messages, and is informed how many. It neither
/// delays the others nor fills the server's memory.
/// </remarks>
public sealed class Member : IDisposable
{
    /// <summary>The most messages that wait for one client.</summary>
    public const int QueueCapacity = 100;

    private readonly Rooms _rooms;
    private readonly Channel<ChatMessage> _queue;
    private int _missed;

    internal Member(Rooms rooms, string room, string name)
    {
        (_rooms, Room, Name) = (rooms, room, name);
        _queue = Channel.CreateBounded<ChatMessage>(
            new BoundedChannelOptions(QueueCapacity) { FullMode = BoundedChannelFullMode.DropOldest },
            itemDropped: _ => Interlocked.Increment(ref _missed));
    }

    public string Room { get; }

    public string Name { get; }

    /// <summary>Says something to the room.</summary>
    public void Say(string text) => _rooms.Broadcast(Room, new Said(Name, text));

    /// <summary>Ends the queue: after what is in it, the session is closed.</summary>
    public void Complete() => _queue.Writer.TryComplete();

    /// <summary>What to send, until <see cref="Complete"/>.</summary>
    public async IAsyncEnumerable<ChatMessage> ReadAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (ChatMessage message in _queue.Reader.ReadAllAsync(cancellationToken))
        {
            if (Interlocked.Exchange(ref _missed, 0) is > 0 and int missed)
                yield return new Missed(missed);
            yield return message;
        }
    }

    /// <summary>Leaves the room.</summary>
    public void Dispose() => _rooms.Leave(this);

    internal void Enqueue(ChatMessage message) => _queue.Writer.TryWrite(message);
}
