using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Duplex.Protocol;

/// <summary>
/// Mask keys for one connection, drawn in bulk. RFC 6455 §5.3: "the masking key MUST be derived from a strong source of entropy, and the masking key for a given frame MUST NOT
/// make it simple for a server/proxy to predict the masking key for a subsequent frame."
/// </summary>
/// <remarks>Not thread-safe: it belongs to the writer of one connection. A key is given out once.</remarks>
internal sealed class MaskKeyPool
{
    /// <summary>How many keys one refill draws: a call to the system's generator costs about 0.8 us whatever it fills, so a refill makes it 3 ns a frame for 1 KiB of memory.</summary>
    public const int RefillCount = 256;

    private readonly RandomFill _fill;

    // Both only touched by the connection's writer. Null until the first key is asked for, so that a silent connection holds no keys.
    private uint[]? _keys;
    private int _next = RefillCount;

    /// <summary>Creates a pool over the system's cryptographic generator.</summary>
    public MaskKeyPool() : this(RandomNumberGenerator.Fill) { }

    /// <summary>Creates a pool over <paramref name="fill"/>: a test gives known keys.</summary>
    public MaskKeyPool(RandomFill fill)
    {
        ArgumentNullException.ThrowIfNull(fill);
        _fill = fill;
    }

    /// <summary>Fills the whole span with random bytes.</summary>
    public delegate void RandomFill(Span<byte> destination);

    /// <summary>Takes the next key, in the machine's own byte order, as <see cref="PayloadMask"/> wants it.</summary>
    public uint Next()
    {
        if (_next == RefillCount)
        {
            _keys ??= new uint[RefillCount];
            _fill(MemoryMarshal.AsBytes(_keys.AsSpan()));
            _next = 0;
        }

        uint key = _keys![_next];
        _keys[_next++] = 0; // a key that was used is no longer in memory
        return key;
    }
}
