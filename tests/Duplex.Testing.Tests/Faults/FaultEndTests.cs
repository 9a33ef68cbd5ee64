using System.Net.Sockets;

namespace Duplex.Tests;

public sealed class FaultEndTests
{
    [Fact]
    public void An_end_stops_reads_and_a_reset_both()
    {
        using var end = new FaultEnd();

        Assert.True(end.TryCut(CutKind.End));
        Assert.Equal((true, false), (end.OfReads.IsCancellationRequested, end.OfWrites.IsCancellationRequested));
        Assert.Equal(0, end.EndRead());
        Assert.False(end.TryCut(CutKind.End));
        Assert.True(end.TryCut(CutKind.Reset));
        Assert.True(end.OfWrites.IsCancellationRequested);
        Assert.False(end.TryCut(CutKind.End));
        var error = Assert.Throws<IOException>(() => end.EndRead());
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    [Fact]
    public void Disposal_stops_both_and_comes_before_all_else()
    {
        var end = new FaultEnd();
        end.TryCut(CutKind.End);
        end.Dispose();

        Assert.True(end.OfWrites.IsCancellationRequested);
        Assert.False(end.TryCut(CutKind.Reset));
        Assert.Throws<ObjectDisposedException>(() => end.EndRead());
        Assert.IsType<ObjectDisposedException>(end.Error());
    }

    [Fact]
    public async Task What_is_abandoned_may_fail_later()
    {
        using var end = new FaultEnd();
        var inner = new TaskCompletionSource();
        Task waiting = FaultEnd.UntilAsync(inner.Task, end.OfReads).AsTask();

        end.TryCut(CutKind.Reset);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.Soon());
        inner.SetException(new IOException());
        await Assert.ThrowsAsync<IOException>(() => FaultEnd.UntilAsync(inner.Task, CancellationToken.None).Soon());
    }
}
