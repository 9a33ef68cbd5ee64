using System.Diagnostics;

namespace Duplex.Feeds;

/// <summary>One client under one script: its process, its proxy, and what was measured.</summary>
internal sealed class Trial : IAsyncDisposable
{
    // A client that is not ready again after this time never is.
    private static readonly TimeSpan LongestOutage = TimeSpan.FromSeconds(60);

    // Messages in flight arrive.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    private readonly FeedServer _server;
    private readonly Pace _pace;
    private readonly Random _random;
    private readonly string _id;
    private readonly ClientProcess _process;
    private readonly List<double> _outages = [];
    private long _heapBefore;
    private bool _isSending;

    public Trial(FeedServer server, Script script, string client, int seed, Pace pace)
    {
        _server = server;
        _pace = pace;
        _random = new Random(seed); // the same moments for all clients
        _id = $"{client}-{script.Name}";
        Client = client;
        Script = script;
        Proxy = new FaultProxy(server.Port);
        var address = new Uri($"http://127.0.0.1:{Proxy.Port}{FeedClient.PathOf(client)}?client={_id}");
        _process = ClientProcess.Start(client, address, server.Log.Head);
    }

    public Script Script { get; }

    public string Client { get; }

    public FaultProxy Proxy { get; }

    /// <summary>Runs the script from the first message to the end of the process.</summary>
    public async Task<TrialResult> RunAsync()
    {
        await ReceivesAsync();
        await Task.Delay(_pace.Settle);

        // A fault that does not count: the first one measures the runtime's compiler.
        Proxy.Reset();
        await ReceivesAsync();
        await Task.Delay(_pace.Settle);
        _heapBefore = await _process.AskAsync("heap");

        var result = new TrialResult(Script.Name, Client);
        await Script.RunAsync(this, result);
        if (_isSending)
            await _process.StopSendingAsync();
        await Task.Delay(Quiet);
        result.HeapGrowth = await _process.AskAsync("heap") - _heapBefore;
        result.Outages = [.. _outages];
        result.EarlyAttempts = Proxy.EarlyAttempts;
        if (Script.BeforeEnd is { } beforeEnd)
            await beforeEnd(this);
        ClientResult? client = await _process.EndAsync();
        await Task.Delay(Quiet);
        result.Add(client, _server.ArrivalsOf(_id));
        return result;
    }

    public int Times(int full) => _pace.Times(full);

    /// <summary>Waits until the connection counts as stable, and a random time of up to a second and a half.</summary>
    public Task WaitAsync() => Task.Delay(_pace.MinBetween + (TimeSpan.FromSeconds(1.5) * _random.NextDouble()));

    /// <summary>Causes a fault, and measures the time until the client receives messages that came after it.</summary>
    /// <returns>False if the client was not ready again in a minute.</returns>
    public async Task<bool> RecoversFromAsync(Func<Task> fault)
    {
        long began = Stopwatch.GetTimestamp();
        await fault();
        bool isReady = await _process.PassesAsync(_server.Log.Head, LongestOutage);
        _outages.Add(isReady ? Stopwatch.GetElapsedTime(began).TotalSeconds : double.PositiveInfinity);
        return isReady;
    }

    public Task<bool> RecoversFromAsync(Action fault) => RecoversFromAsync(() =>
    {
        fault();
        return Task.CompletedTask;
    });

    /// <summary>Causes the same fault several times, each on a stable connection.</summary>
    public async Task<bool> RecoversFromEachAsync(int times, Func<int, Task> fault)
    {
        for (int i = 0; i < Times(times); i++)
        {
            await WaitAsync();
            if (!await RecoversFromAsync(() => fault(i)))
                return false;
        }

        return true;
    }

    public Task<bool> RecoversFromEachAsync(int times, Action fault) => RecoversFromEachAsync(times, _ =>
    {
        fault();
        return Task.CompletedTask;
    });

    /// <summary>Counts the attempts of a minute.</summary>
    public async Task CountAttemptsAsync(TrialResult result)
    {
        long before = await _process.AskAsync("attempts");
        await Task.Delay(_pace.Minute);
        long after = await _process.AskAsync("attempts");
        result.AttemptsPerMinute = (after - before) / _pace.Minute.TotalMinutes;
    }

    public async Task StartSendingAsync(int rate)
    {
        await _process.StartSendingAsync(rate);
        _isSending = true;
    }

    public Task RestartServerAsync(int code) => _server.RestartAsync(_id, code);

    public async ValueTask DisposeAsync()
    {
        Proxy.Dispose();
        await _process.DisposeAsync();
    }

    private async Task ReceivesAsync()
    {
        if (!await _process.PassesAsync(_server.Log.Head, LongestOutage))
            throw new InvalidOperationException($"{_id} did not receive anything in {LongestOutage}.");
    }
}
