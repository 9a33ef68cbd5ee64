using System.Buffers.Binary;
using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>The echoes that are expected of all sessions together, and their round trips. Thread-safe.</summary>
internal sealed class Echoes(int size)
{
    private TaskCompletionSource _all = new();
    private long[] _roundTrips = []; // by the message's number, in the stopwatch's ticks; 0 if it has not come
    private int _arrived;

    /// <summary>Completes when the last echo has arrived.</summary>
    public Task All => _all.Task;

    public int Missing => _roundTrips.Length - Volatile.Read(ref _arrived);

    /// <summary>Writes a message's number and time.</summary>
    public static void Stamp(Span<byte> message, int number, long timestamp)
    {
        BinaryPrimitives.WriteInt64LittleEndian(message, timestamp);
        BinaryPrimitives.WriteInt32LittleEndian(message[sizeof(long)..], number);
    }

    /// <summary>Expects the echoes of messages 0 to <paramref name="count"/> - 1; those before have all come.</summary>
    public void Expect(int count)
    {
        _all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _roundTrips = new long[count];
        Volatile.Write(ref _arrived, 0);
    }

    /// <summary>Counts an echo. Throws if it is none that is expected.</summary>
    public void Add(ReadOnlySpan<byte> message)
    {
        long now = Stopwatch.GetTimestamp();
        if (message.Length != size)
            throw new InvalidDataException($"An echo has {message.Length} bytes instead of {size}.");
        long sent = BinaryPrimitives.ReadInt64LittleEndian(message);
        int number = BinaryPrimitives.ReadInt32LittleEndian(message[sizeof(long)..]);
        long before = Interlocked.Exchange(ref _roundTrips[number], Math.Max(1, now - sent));
        if (before != 0)
            throw new InvalidDataException($"The echo of message {number} came twice.");
        if (Interlocked.Increment(ref _arrived) == _roundTrips.Length)
            _all.SetResult();
    }

    /// <summary>The round trips in microseconds, in ascending order.</summary>
    public double[] RoundTrips() =>
        [.. _roundTrips.Order().Select(ticks => ticks * 1e6 / Stopwatch.Frequency)];
}
