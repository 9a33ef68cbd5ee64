using System.Buffers;

namespace Duplex.Tests;

/// <summary>A pool that counts what is out, refuses a second return, and spoils what comes back, so that a use after the return shows.</summary>
internal sealed class CountingPool : ArrayPool<byte>
{
    private readonly HashSet<byte[]> _out = new(ReferenceEqualityComparer.Instance);
    private readonly Lock _sync = new();

    /// <summary>How many arrays are out.</summary>
    public int Rented
    {
        get
        {
            lock (_sync)
                return _out.Count;
        }
    }

    /// <summary>How many bytes are out.</summary>
    public long RentedBytes
    {
        get
        {
            lock (_sync)
                return _out.Sum(array => (long)array.Length);
        }
    }

    /// <summary>Whether the bytes are in an array that is out and has at least this length.</summary>
    public bool Holds(ReadOnlySpan<byte> bytes, int length)
    {
        lock (_sync)
        {
            foreach (byte[] array in _out)
            {
                if (array.Length >= length && bytes.Overlaps(array))
                    return true;
            }

            return false;
        }
    }

    /// <summary>How many arrays were ever rented.</summary>
    public int Rents { get; private set; }

    /// <summary>The most bytes that were ever out at a time.</summary>
    public long PeakBytes { get; private set; }

    public override byte[] Rent(int minimumLength)
    {
        byte[] array = new byte[Math.Max(1, minimumLength)];
        lock (_sync)
        {
            _out.Add(array);
            Rents++;
            PeakBytes = Math.Max(PeakBytes, RentedBytes);
        }

        return array;
    }

    /// <summary>What is out is left to the collector, as its user may still read it.</summary>
    public void Forget()
    {
        lock (_sync)
            _out.Clear();
    }

    public override void Return(byte[] array, bool clearArray = false)
    {
        lock (_sync)
        {
            if (!_out.Remove(array))
                throw new InvalidOperationException("An array was returned that is not out.");
        }

        array.AsSpan().Fill(0xDD);
    }
}
