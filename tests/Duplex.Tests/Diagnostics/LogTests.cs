namespace Duplex.Tests;

public sealed class LogTests
{
    [Fact]
    public void Logging_safely_logs()
    {
        var logger = new ListLogger();

        Log.Safely(() => Log.HandshakeStarted(logger, "ws://host.test/"));

        Assert.Contains("ws://host.test/", Assert.Single(logger.Entries).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_description_of_an_address_has_neither_user_info_nor_query() =>
        Assert.Equal("wss://host:8443/a%20b", Log.Describe(new Uri("wss://user:pass@host:8443/a b?token=secret#x")));

    [Fact]
    public void A_logger_that_throws_disturbs_nobody() => Log.Safely(() => throw new InvalidCastException("The log is full."));

    [Fact]
    public async Task Logging_on_the_pool_does_not_make_its_caller_wait()
    {
        var logged = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var blocked = new ManualResetEventSlim();

        Log.OnPool(() =>
        {
            blocked.Wait(Patience.Limit);
            logged.SetResult();
            throw new InvalidCastException("The log is full.");
        });

        Assert.False(logged.Task.IsCompleted);
        blocked.Set();
        await logged.Task.WaitAsync(Patience.Limit);
    }
}
