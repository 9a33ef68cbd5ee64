using System.Buffers.Binary;

namespace Duplex;

/// <summary>
/// The pings not answered yet. A pong answers its ping and all earlier ones (RFC 6455 §5.5.3), an unsolicited one none.
/// Thread-safe.
/// </summary>
internal sealed class PendingPings(TimeProvider time)
{
    /// <summary>A ping's payload is its number.</summary>
    public const int PayloadSize = sizeof(ulong);

    // Bounds what a peer that never answers costs.
    private const int MaxUnawaited = 16;

    // In the order of the numbers. Also the lock, to save an object.
    private readonly LinkedList<Ping> _pings = [];

    // Under the lock.
    private ulong _last;
    private ulong _answered;

    // Written under the lock, read by any thread. In ticks; -1 until the first pong.
    private long _lastRoundTrip = -1;

    public TimeSpan? LastRoundTripTime =>
        Volatile.Read(ref _lastRoundTrip) is var ticks and >= 0 ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>The number of a message in place of a ping: pongs of later pings answer it, too.</summary>
    public ulong TakeNumber()
    {
        lock (_pings)
            return ++_last;
    }

    /// <summary>Writes the ping's payload. A caller that awaits it will withdraw it.</summary>
    public Ping Add(Span<byte> payload, bool isAwaited)
    {
        lock (_pings)
        {
            var ping = new Ping(++_last, time.GetTimestamp(), isAwaited);
            BinaryPrimitives.WriteUInt64BigEndian(payload, ping.Number);
            _pings.AddLast(ping);
            if (!isAwaited)
                ForgetOldUnawaited();
            return ping;
        }
    }

    public void Withdraw(Ping ping)
    {
        lock (_pings)
            _pings.Remove(ping);
        ping.TrySetCanceled(); // a Task.WhenAny over it would keep it alive
    }

    /// <summary>Returns the number of the answered ping, withdrawn or not; 0 for none.</summary>
    public ulong OnPong(ReadOnlySpan<byte> payload)
    {
        if (payload.Length != PayloadSize)
            return 0;
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(payload);
        lock (_pings)
        {
            // Answered before, or never sent.
            if (number <= _answered || number > _last)
                return 0;
            _answered = number;
            long now = time.GetTimestamp();
            while (_pings.First is { } first && first.Value.Number <= number)
            {
                _pings.RemoveFirst();
                TimeSpan roundTrip = time.GetElapsedTime(first.Value.SentAt, now);
                first.Value.TrySetResult(roundTrip);
                Volatile.Write(ref _lastRoundTrip, roundTrip.Ticks);
            }

            return number;
        }
    }

    private void ForgetOldUnawaited()
    {
        int unawaited = 0;
        for (LinkedListNode<Ping>? node = _pings.Last; node is not null;)
        {
            LinkedListNode<Ping>? previous = node.Previous;
            if (!node.Value.IsAwaited && ++unawaited > MaxUnawaited)
                _pings.Remove(node);
            node = previous;
        }
    }

    /// <summary>Its task gives the time until the pong, on the pool.</summary>
    public sealed class Ping(ulong number, long sentAt, bool isAwaited)
        : TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ulong Number { get; } = number;

        public long SentAt { get; } = sentAt;

        public bool IsAwaited { get; } = isAwaited;
    }
}
