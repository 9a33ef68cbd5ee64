namespace Duplex.Tests;

public sealed class MemoryLinkTests
{
    private readonly MemoryLink _link = new();

    [Fact]
    public async Task Each_end_reads_what_the_other_writes()
    {
        byte[] buffer = new byte[1];
        await _link.Client.WriteAsync(new byte[] { 1 });
        await _link.Server.WriteAsync(new byte[] { 2 });
        await _link.Client.ReadExactlyAsync(buffer);
        Assert.Equal(2, buffer[0]);
        await _link.Server.ReadExactlyAsync(buffer);
        Assert.Equal(1, buffer[0]);
    }

    [Fact]
    public async Task A_lost_connection_looks_as_it_was_lost()
    {
        _link.Lose(ConnectionLoss.EndOfStream);
        Assert.Equal(0, await _link.Client.ReadAsync(new byte[1]));
        await Assert.ThrowsAsync<IOException>(() => _link.Client.WriteAsync(new byte[1]).AsTask());

        var reset = new MemoryLink();
        reset.Lose(ConnectionLoss.Reset);
        await Assert.ThrowsAsync<IOException>(() => reset.Client.ReadAsync(new byte[1]).AsTask());
        await Assert.ThrowsAsync<IOException>(() => reset.Server.ReadAsync(new byte[1]).AsTask());

        var silent = new MemoryLink();
        silent.Lose(ConnectionLoss.Silence);
        await silent.Client.WriteAsync(new byte[1]);
        Assert.False(silent.Server.ReadAsync(new byte[1]).IsCompleted);
        await silent.Client.DisposeAsync();
        Assert.False(silent.Server.ReadAsync(new byte[1]).IsCompleted);
    }

    [Fact]
    public void An_undefined_loss_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _link.Lose((ConnectionLoss)9));
}
