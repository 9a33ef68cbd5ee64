namespace Duplex.Testing;

/// <summary>
/// Breaks the frames that pass through it as a plan says: for sessions over any duplex stream, in memory or to a real
/// server.
/// </summary>
/// <remarks>
/// <para>
/// One read and one write at a time may run, as for any connection. The other members are thread-safe.
/// </para>
/// <para>
/// Reads and writes of the inner stream get no token. A cancelled read leaves the stream usable; a write that has begun
/// cannot be cancelled. Disposing ends what is pending at once, and disposes the inner stream.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// using Duplex.Testing;
///
/// var faulty = new FaultyStream(stream, Faults.Random(seed: 4711));
/// await using var underTest = WebSocketSessions.Create(faulty, WebSocketRole.Client);
/// faulty.Cut(); // now, beside what the plan says
/// </code>
/// </example>
public sealed class FaultyStream : Stream
{
    // More than one frame of most messages; the memory of a test is no concern.
    private const int ChunkSize = 16 * 1024;

    private readonly Stream _inner;
    private readonly TimeProvider _time;
    private readonly FaultEnd _end = new();
    private readonly FaultHalf _reading;
    private readonly FaultHalf _writing;
    private readonly byte[] _source = new byte[ChunkSize];

    // Only touched by the read in progress.
    private ReadOnlyMemory<byte> _unread;
    private Task<int>? _filling;
    private bool _innerEnded;

    /// <summary>Wraps a stream, whose next byte begins a frame in either direction.</summary>
    /// <param name="inner">A duplex stream, which this stream owns.</param>
    /// <param name="faults">The plan.</param>
    /// <param name="timeProvider">The clock of delays and stalls. Default: the system's.</param>
    /// <exception cref="ArgumentException">The stream cannot be read or written.</exception>
    public FaultyStream(Stream inner, Faults faults, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(inner);
        ArgumentNullException.ThrowIfNull(faults);
        if (inner is not { CanRead: true, CanWrite: true })
        {
            throw new ArgumentException(
                "Faults need a stream that can be read and written. Give a duplex stream.", nameof(inner));
        }

        _inner = inner;
        _time = timeProvider ?? TimeProvider.System;
        Faults = faults;
        _reading = new FaultHalf(faults, FaultDirection.Receiving, _time);
        _writing = new FaultHalf(faults, FaultDirection.Sending, _time);
        Start(_reading);
        Start(_writing);
    }

    /// <summary>The plan.</summary>
    public Faults Faults { get; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Cuts the connection now. A second cut has no effect, but a reset after an end.</summary>
    /// <param name="kind">How. Default: as a TCP reset does.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is undefined.</exception>
    public void Cut(CutKind kind = CutKind.Reset)
    {
        if (!Enum.IsDefined(kind))
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected Reset or End.");
        if (!_end.TryCut(kind) || kind == CutKind.End)
            return;
        _reading.Gate.Dispose();
        _writing.Gate.Dispose();
        try
        {
            _inner.Dispose();
        }
        catch (Exception) // whatever a stream throws, the connection is cut
        {
        }
    }

    /// <summary>Silences the connection now.</summary>
    /// <param name="duration">For how long; null until <see cref="Resume"/>.</param>
    /// <param name="direction">What stops. Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duration is negative.</exception>
    public void Stall(TimeSpan? duration = null, FaultDirection direction = FaultDirection.Both)
    {
        if (duration is { } time)
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero, nameof(duration));
        if (Fault.Applies(direction, FaultDirection.Receiving))
            _reading.Gate.Close(duration);
        if (Fault.Applies(direction, FaultDirection.Sending))
            _writing.Gate.Close(duration);
    }

    /// <summary>Ends a stall, whatever its duration.</summary>
    /// <param name="direction">What goes on. Default: both.</param>
    public void Resume(FaultDirection direction = FaultDirection.Both)
    {
        if (Fault.Applies(direction, FaultDirection.Receiving))
            _reading.Gate.Open();
        if (Fault.Applies(direction, FaultDirection.Sending))
            _writing.Gate.Open();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using CancellationTokenSource? both = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _end.OfReads)
            : null;
        CancellationToken ended = both?.Token ?? _end.OfReads;
        try
        {
            return await ReadAsync(buffer, _reading, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_end.OfReads.IsCancellationRequested)
        {
            return _end.EndRead();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await WriteAsync(buffer, _writing, _end.OfWrites).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_end.OfWrites.IsCancellationRequested)
        {
            throw _end.Error();
        }
    }

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await _writing.Gate.Opened.WaitAsync(_end.OfWrites).ConfigureAwait(false);
            _end.OfWrites.ThrowIfCancellationRequested();
            await FaultEnd.UntilAsync(_inner.FlushAsync(CancellationToken.None), _end.OfWrites).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_end.OfWrites.IsCancellationRequested)
        {
            throw _end.Error();
        }
    }

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _end.Dispose();
            _reading.Gate.Dispose();
            _writing.Gate.Dispose();
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReadAsync(Memory<byte> buffer, FaultHalf half, CancellationToken ended)
    {
        while (true)
        {
            await half.Gate.Opened.WaitAsync(ended).ConfigureAwait(false);
            ended.ThrowIfCancellationRequested();
            if (!half.Ready.IsEmpty)
            {
                if (buffer.IsEmpty)
                    return 0;
                int count = half.Pace.NextPiece(Math.Min(buffer.Length, half.Ready.Length));
                await WaitAsync(half.Pace.Hold(count), ended).ConfigureAwait(false);
                half.Take(count).CopyTo(buffer);
                return count;
            }

            if (half.TakeDue() is { } due)
            {
                Happen(due);
                continue;
            }

            half.Advance(ref _unread);
            if (!half.Ready.IsEmpty || half.IsDue)
                continue;
            if (_innerEnded)
                return 0;
            await FillAsync(half, ended).ConfigureAwait(false);
        }
    }

    // A read of the inner stream outlives a cancelled read of ours, and serves the next one.
    private async ValueTask FillAsync(FaultHalf half, CancellationToken ended)
    {
        _filling ??= _inner.ReadAsync(_source, CancellationToken.None).AsTask();
        await FaultEnd.UntilAsync(_filling, ended).ConfigureAwait(false);
        int read = await _filling.ConfigureAwait(false);
        _filling = null;
        _unread = _source.AsMemory(0, read);
        _innerEnded = read == 0;
        if (read > 0)
            await WaitAsync(half.Pace.NextDelay(), ended).ConfigureAwait(false);
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, FaultHalf half, CancellationToken ended)
    {
        await WaitAsync(half.Pace.NextDelay(), ended).ConfigureAwait(false);
        ended.ThrowIfCancellationRequested();
        while (true)
        {
            half.Advance(ref buffer);
            bool isWritten = !half.Ready.IsEmpty;
            while (!half.Ready.IsEmpty)
                await WritePieceAsync(half, ended).ConfigureAwait(false);
            if (half.TakeDue() is not { } due)
            {
                if (buffer.IsEmpty)
                    return;
                continue;
            }

            // What came before the fault arrives, also over HTTP/2, which holds bytes back until a flush.
            if (isWritten && !half.Pace.Tears)
                await FaultEnd.UntilAsync(_inner.FlushAsync(CancellationToken.None), ended).ConfigureAwait(false);
            Happen(due);
        }
    }

    // From memory of ours: a write that a cut abandons may still read it.
    private async ValueTask WritePieceAsync(FaultHalf half, CancellationToken ended)
    {
        int count = half.Pace.NextPiece(half.Ready.Length);
        await WaitAsync(half.Pace.Hold(count), ended).ConfigureAwait(false);
        await half.Gate.Opened.WaitAsync(ended).ConfigureAwait(false);
        ended.ThrowIfCancellationRequested();
        Task writing = _inner.WriteAsync(half.Take(count), CancellationToken.None).AsTask();
        await FaultEnd.UntilAsync(writing, ended).ConfigureAwait(false);
        if (half.Pace.Tears)
            await FaultEnd.UntilAsync(_inner.FlushAsync(CancellationToken.None), ended).ConfigureAwait(false);
    }

    private void Start(FaultHalf half)
    {
        ReadOnlyMemory<byte> nothing = default;
        for (half.Advance(ref nothing); half.TakeDue() is { } due; half.Advance(ref nothing))
            Happen(due);
    }

    private void Happen(Fault.At fault)
    {
        if (fault is Fault.Stall stall)
            Stall(stall.Duration, stall.Direction);
        else if (fault is Fault.Cut cut)
            Cut(cut.Kind);
    }

    private async ValueTask WaitAsync(TimeSpan time, CancellationToken ended)
    {
        if (time > TimeSpan.Zero)
            await Task.Delay(time, _time, ended).ConfigureAwait(false);
    }
}
