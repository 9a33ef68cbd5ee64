namespace Duplex.Testing;

/// <summary>The scripts of a server: which connection gets which, which of them run, and what failed.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ScriptBook
{
    private readonly Lock _sync = new();

    // Under _sync.
    private readonly Queue<ConnectionScript> _next = new();
    private readonly Dictionary<int, Entry> _entries = [];
    private readonly List<WebSocketTestException> _failures = [];
    private ConnectionScript _others = new();
    private int _given;

    /// <summary>The connections whose scripts run.</summary>
    public IReadOnlyList<(TestConnection Connection, Task Run)> Running
    {
        get
        {
            lock (_sync)
                return [.. _entries.Values.Where(entry => !entry.Task.IsCompleted).Select(e => (e.Connection, e.Task))];
        }
    }

    /// <summary>What connections and steps are missing, in words.</summary>
    public IReadOnlyList<string> Unmet
    {
        get
        {
            lock (_sync)
            {
                return
                [
                    .. _entries.OrderBy(entry => entry.Key).Where(entry => entry.Value.IsOwn)
                        .Select(entry => entry.Value.Run.Unmet).OfType<string>(),
                    .. _next.Select((_, i) => $"Connection {_given + i + 1}: did not come"),
                ];
            }
        }
    }

    /// <summary>Adds a script for the next connection that has none.</summary>
    public ConnectionScript AddNext()
    {
        var script = new ConnectionScript();
        lock (_sync)
            _next.Enqueue(script);
        return script;
    }

    /// <summary>Replaces the script of connections without their own.</summary>
    public ConnectionScript ReplaceOthers()
    {
        var script = new ConnectionScript();
        lock (_sync)
            _others = script;
        return script;
    }

    /// <summary>The script of the next connection, and whether it is its own.</summary>
    public (ConnectionScript Script, bool IsOwn) Take()
    {
        lock (_sync)
        {
            _given++;
            return _next.TryDequeue(out ConnectionScript? own) ? (own, true) : (_others, false);
        }
    }

    /// <summary>Begins a run. It is forgotten when it has ended, unless its own script has not.</summary>
    public void Begin(TestConnection connection, ScriptRun run, bool isOwn, Func<Task> runAsync)
    {
        var begun = new TaskCompletionSource();
        lock (_sync)
            _entries[connection.Number] = new Entry(connection, run, isOwn, KeepAsync());
        begun.SetResult();

        async Task KeepAsync()
        {
            await begun.Task.ConfigureAwait(false);
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            await runAsync().ConfigureAwait(false);
            lock (_sync)
            {
                if (!isOwn || run.Unmet is null)
                    _entries.Remove(connection.Number);
            }
        }
    }

    /// <summary>Notes a failure.</summary>
    public void Fail(WebSocketTestException failure)
    {
        lock (_sync)
            _failures.Add(failure);
    }

    /// <summary>Throws the failures that were noted since the last call.</summary>
    public void ThrowIfFailed()
    {
        WebSocketTestException[] failures;
        lock (_sync)
        {
            failures = [.. _failures];
            _failures.Clear();
        }

        if (failures.Length > 0)
            throw new WebSocketTestException(string.Join(" ", failures.Select(f => f.Message)), failures[0]);
    }

    private sealed record Entry(TestConnection Connection, ScriptRun Run, bool IsOwn, Task Task);
}
