namespace Duplex.Protocol;

/// <summary>
/// Collects the payload of data messages: whole messages (<see cref="MessageSink"/>) or pieces of them
/// (<see cref="PieceSink"/>).
/// </summary>
/// <remarks>Not thread-safe: only the receive loop uses it. Any thread may release memory that it returned.</remarks>
internal abstract class PayloadSink
{
    public int Length { get; protected set; }

    /// <summary>The number of bytes that fit without more memory.</summary>
    public abstract int FreeCapacity { get; }

    /// <summary>
    /// Announces a frame's declared payload length, so that suitable memory is allocated when its bytes arrive.
    /// </summary>
    public abstract void Expect(long bytes, bool final);

    /// <summary>
    /// Returns free memory to read into directly: at least 1 byte, at most <paramref name="most"/>.
    /// </summary>
    public abstract Memory<byte> GetTail(long most);

    /// <summary>
    /// Returns at least <paramref name="atLeast"/> bytes of free memory for content that was not announced.
    /// </summary>
    public abstract Memory<byte> GetFree(int atLeast);

    /// <summary>Adds bytes that were written to the memory of <see cref="GetFree"/>.</summary>
    public void Commit(int count) => Length += count;

    public void Truncate(int length) => Length = length;

    public abstract ReadOnlySpan<byte> Since(int start);

    /// <summary>Adds bytes; bytes already in the memory of <see cref="GetTail"/> are not copied.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Copies a whole payload of at least one byte. The sink must be empty; the caller owns one reference.
    /// </summary>
    public abstract SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset);

    /// <summary>
    /// Hands over the bytes held and becomes empty. The caller owns one reference of <paramref name="owner"/> unless it
    /// is null.
    /// </summary>
    public abstract ReadOnlyMemory<byte> Take(out SharedBuffer? owner);

    /// <summary>Releases the memory that an idle connection does not need.</summary>
    public abstract void Trim();

    public abstract void Discard();
}
