using System.Buffers;

namespace Duplex.Tests;

/// <summary>
/// A pool that keeps count: what it lends must come back, and only once. Fresh memory is dirty and returned memory is spoilt, so that whoever trusts the one or still reads the other
/// is noticed. Thread-safe.
/// </summary>
internal sealed class CountingPool : ArrayPool<byte>
{
    private const byte Dirty = 0xAA;
    private const byte Spoilt = 0xDD;

    private readonly Lock _lock = new();
    private readonly HashSet<object> _lent = new(ReferenceEqualityComparer.Instance);

    /// <summary>How often memory was lent.</summary>
    public int Rents { get; private set; }

    /// <summary>How many arrays have not come back.</summary>
    public int Outstanding { get; private set; }

    /// <summary>How many bytes have not come back.</summary>
    public long OutstandingBytes { get; private set; }

    /// <summary>The most bytes that were lent at a time.</summary>
    public long PeakBytes { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        // Larger than asked for, as the shared pool's arrays are, but never doubled: whoever must not grow step by step has to see to it himself.
        byte[] array = new byte[Math.Max(16, (minimumLength + 15) & ~15)];
        array.AsSpan().Fill(Dirty);
        lock (_lock)
        {
            _lent.Add(array);
            Rents++;
            Outstanding++;
            OutstandingBytes += array.Length;
            PeakBytes = Math.Max(PeakBytes, OutstandingBytes);
        }

        return array;
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        lock (_lock)
        {
            if (!_lent.Remove(array))
                throw new InvalidOperationException($"An array of {array.Length} bytes came back twice, or was never lent.");
            Outstanding--;
            OutstandingBytes -= array.Length;
            array.AsSpan().Fill(Spoilt);
        }
    }
}
