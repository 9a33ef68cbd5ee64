using System.Net.Sockets;

namespace Duplex.Testing;

/// <summary>Whether, and how, a connection has ended, and what its reads and writes then do.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class FaultEnd : IDisposable
{
    private readonly Lock _sync = new();
    private readonly CancellationTokenSource _reads = new();
    private readonly CancellationTokenSource _writes = new();

    // Under _sync; null while the connection lives.
    private CutKind? _cut;
    private bool _isDisposed;

    /// <summary>Fires when reads have ended.</summary>
    public CancellationToken OfReads => _reads.Token;

    /// <summary>Fires when writes have ended.</summary>
    public CancellationToken OfWrites => _writes.Token;

    /// <returns>False if nothing changes: a reset comes after an end, but not the other way round.</returns>
    public bool TryCut(CutKind kind)
    {
        lock (_sync)
        {
            if (_isDisposed || _cut == CutKind.Reset || _cut == kind)
                return false;
            _cut = kind;
        }

        Fire(both: kind == CutKind.Reset);
        return true;
    }

    public void Dispose()
    {
        lock (_sync)
            _isDisposed = true;
        Fire(both: true);
    }

    /// <summary>What a read that has ended returns, if it does not throw.</summary>
    public int EndRead()
    {
        lock (_sync)
        {
            if (!_isDisposed && _cut == CutKind.End)
                return 0;
        }

        throw Error();
    }

    public Exception Error()
    {
        lock (_sync)
        {
            return _isDisposed
                ? new ObjectDisposedException("FaultyStream")
                : new IOException(
                    "A fault that a test injected reset the connection.",
                    new SocketException((int)SocketError.ConnectionReset));
        }
    }

    /// <summary>Waits for a task of the inner stream, or abandons it when the connection ends.</summary>
    public static async ValueTask UntilAsync(Task task, CancellationToken ended)
    {
        try
        {
            await task.WaitAsync(ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // It may fail later, and then counts as observed.
            _ = task.ContinueWith(
                static failed => _ = failed.Exception,
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }

    // Not on this thread: the callbacks run what waits, which may be user code.
    private void Fire(bool both)
    {
        _ = _reads.CancelAsync();
        if (both)
            _ = _writes.CancelAsync();
    }
}
