namespace Duplex.Protocol;

/// <summary>Where the payload of a data message gathers: until the message is whole (<see cref="MessageSink"/>), or until it is handed on in pieces (<see cref="PieceSink"/>).</summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop. What it gave away may be released on any thread.</remarks>
internal abstract class PayloadSink
{
    /// <summary>How many bytes it holds.</summary>
    public int Length { get; protected set; }

    /// <summary>How many bytes there is memory for without taking more.</summary>
    public abstract int FreeCapacity { get; }

    /// <summary>Announces a frame's payload, so that memory of about the right size is taken when its bytes come.</summary>
    /// <param name="bytes">The declared length.</param>
    /// <param name="final">Whether no frame of the same message follows.</param>
    public abstract void Expect(long bytes, bool final);

    /// <summary>Free memory after what it holds, for a read straight into it: at least 1 byte, at most <paramref name="most"/>.</summary>
    public abstract Memory<byte> GetTail(long most);

    /// <summary>Free memory after what it holds, for content that was not announced. What is used of it counts by <see cref="Commit"/>.</summary>
    /// <param name="atLeast">How many bytes it must have, at least one.</param>
    public abstract Memory<byte> GetFree(int atLeast);

    /// <summary>Takes over bytes that were written into <see cref="GetFree"/>'s memory.</summary>
    public void Commit(int count) => Length += count;

    /// <summary>Drops what it holds from a position on.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>What it holds from a position on.</summary>
    public abstract ReadOnlySpan<byte> Since(int start);

    /// <summary>Takes over bytes; those that already lie in <see cref="GetTail"/>'s memory are not copied.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>While it holds nothing: copies a whole payload, at least one byte, and gives it away.</summary>
    /// <param name="payload">The payload.</param>
    /// <param name="offset">Where the copy begins.</param>
    /// <returns>The memory of the copy; the caller owns one reference.</returns>
    public abstract SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset);

    /// <summary>Gives away what it holds, and begins anew. The caller owns one reference of <paramref name="owner"/>, if there is one.</summary>
    public abstract ReadOnlyMemory<byte> Take(out SharedBuffer? owner);

    /// <summary>Releases memory that only a connection in traffic needs.</summary>
    public abstract void Trim();

    /// <summary>Drops what it holds, and releases its memory.</summary>
    public abstract void Discard();
}
