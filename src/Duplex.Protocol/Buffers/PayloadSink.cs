namespace Duplex.Protocol;

/// <summary>
/// Collects the payload of data messages, whole (<see cref="MessageSink"/>) or in pieces (<see cref="PieceSink"/>).
/// </summary>
/// <remarks>Only the thread that parses uses it; any thread may release memory that it returned.</remarks>
internal abstract class PayloadSink
{
    public int Length { get; protected set; }

    public abstract int FreeCapacity { get; }

    public abstract void Expect(long bytes, bool final);

    /// <summary>Returns memory to read into: at least 1 byte, at most <paramref name="most"/>.</summary>
    public abstract Memory<byte> GetTail(long most);

    public abstract Memory<byte> GetFree(int atLeast);

    public void Commit(int count) => Length += count;

    public void Truncate(int length) => Length = length;

    public abstract ReadOnlySpan<byte> Since(int start);

    /// <summary>Bytes already in the memory of <see cref="GetTail"/> are not copied.</summary>
    public abstract void Append(ReadOnlySpan<byte> bytes);

    /// <summary>The sink must be empty, the payload not; the caller owns one reference.</summary>
    public abstract SharedBuffer TakeWhole(ReadOnlySpan<byte> payload, out int offset);

    /// <summary>The caller owns one reference of an <paramref name="owner"/>.</summary>
    public abstract ReadOnlyMemory<byte> Take(out SharedBuffer? owner);

    /// <summary>Lets go of memory that holds nothing.</summary>
    public abstract void Trim();

    public abstract void Discard();
}
