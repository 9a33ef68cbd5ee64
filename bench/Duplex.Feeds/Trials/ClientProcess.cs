using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Duplex.Feeds;

/// <summary>A client in a process of its own, as the script sees it.</summary>
internal sealed class ClientProcess : IAsyncDisposable
{
    // A busy machine may take seconds to start a process. Nothing of what is measured waits for this.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // Two calls that hang, and a second to say so.
    private static readonly TimeSpan LongestEnd = (2 * ClientSettings.Hang) + TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _answers = [];
    private readonly Task _reading;
    private volatile bool _hasEnded;

    private ClientProcess(Process process)
    {
        _process = process;
        _reading = ReadAsync();
    }

    /// <summary>Starts a client, which connects at once.</summary>
    public static ClientProcess Start(string name, Uri server, long first)
    {
        string program = Environment.ProcessPath!;
        string[] arguments =
        [
            "--client", name, "--server", server.AbsoluteUri,
            "--first", first.ToString(CultureInfo.InvariantCulture),
        ];
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
            arguments = [typeof(ClientProcess).Assembly.Location, .. arguments];
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // Connections to the loopback need no proxy, whatever the environment says.
        start.Environment["NO_PROXY"] = "127.0.0.1";
        return new ClientProcess(Process.Start(start)!);
    }

    /// <summary>Completes when the client has received a message after a number; false if it takes too long.</summary>
    public async Task<bool> PassesAsync(long number, TimeSpan most)
    {
        Task<string> passed = Expect("passed");
        await TellAsync(string.Create(CultureInfo.InvariantCulture, $"watch {number}"));
        try
        {
            await passed.WaitAsync(most);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async Task<long> AskAsync(string question)
    {
        Task<string> answer = Expect(question);
        await TellAsync(question);
        return long.Parse(await answer.WaitAsync(Patience), CultureInfo.InvariantCulture);
    }

    public Task StartSendingAsync(int rate) => TellAsync(string.Create(CultureInfo.InvariantCulture, $"send {rate}"));

    /// <summary>Ends the sends, and waits until all have returned or hang.</summary>
    public async Task StopSendingAsync()
    {
        Task<string> paused = Expect("paused");
        await TellAsync("pause");
        await paused.WaitAsync(ClientSettings.Hang + Patience);
    }

    /// <summary>Closes and disposes the client; null if its process did not say how that went.</summary>
    public async Task<ClientResult?> EndAsync()
    {
        Task<string> result = Expect("result");
        await TellAsync("end");
        try
        {
            return JsonSerializer.Deserialize<ClientResult>(await result.WaitAsync(LongestEnd));
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            return null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close(); // ends it, if it has not ended
        try
        {
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (TimeoutException)
        {
            _process.Kill();
        }

        await _reading;
        _process.Dispose();
    }

    private Task<string> Expect(string word)
    {
        var answer = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _answers[word] = answer;
        if (_hasEnded)
            throw new IOException("The client's process has ended.");
        return answer.Task;
    }

    private Task TellAsync(string line) => _process.StandardInput.WriteLineAsync(line);

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && _answers.TryRemove(line[..space], out TaskCompletionSource<string>? answer))
                answer.SetResult(line[(space + 1)..]);
        }

        _hasEnded = true;
        foreach (TaskCompletionSource<string> answer in _answers.Values)
            answer.TrySetException(new IOException("The client's process has ended."));
    }
}
