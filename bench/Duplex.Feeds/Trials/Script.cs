namespace Duplex.Feeds;

/// <summary>A list of faults, the same for all clients.</summary>
/// <param name="Name">Its name on the command line and in the table.</param>
/// <param name="RunAsync">Runs it, until the client is ready again or does not become so.</param>
/// <param name="BeforeEnd">The last fault, within which the client is closed and disposed.</param>
internal sealed record Script(
    string Name, Func<Trial, TrialResult, Task> RunAsync, Func<Trial, Task>? BeforeEnd = null)
{
    // As many as a busy client sends; at 10 ms to the server some are always on their way.
    private const int SendRate = 100;

    // Two attempts fail, also of the most patient client.
    private static readonly TimeSpan NoAnswer = TimeSpan.FromSeconds(12);

    // What is under way reaches its state: a timer has fired, an attempt has begun.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    public static IReadOnlyList<Script> All { get; } =
    [
        new("reset", (trial, _) => trial.RecoversFromEachAsync(20, trial.Proxy.Reset)),
        new("fin", (trial, _) => trial.RecoversFromEachAsync(5, trial.Proxy.EndWithoutClose)),
        new("torn", (trial, _) => trial.RecoversFromEachAsync(5, trial.Proxy.Tear)),
        new("close-1001", (trial, _) => trial.RecoversFromEachAsync(5, _ => trial.RestartServerAsync(1001))),
        new("close-1012", (trial, _) => trial.RecoversFromEachAsync(5, _ => trial.RestartServerAsync(1012))),
        new("dead", (trial, result) => OutageAsync(trial, result, ProxyMode.Refuse)),
        new("flap", (trial, result) => OutageAsync(trial, result, ProxyMode.DropAfterHandshake)),
        new("flap-ready", (trial, result) => OutageAsync(trial, result, ProxyMode.DropSoon)),
        new(
            "silence",
            (trial, _) => trial.RecoversFromEachAsync(3, trial.Proxy.Silence),
            async trial =>
            {
                trial.Proxy.Silence();
                await Task.Delay(Moment);
            }),
        new(
            "no-answer",
            async (trial, _) =>
            {
                await trial.WaitAsync();
                await trial.RecoversFromAsync(async () =>
                {
                    trial.Proxy.Mode = ProxyMode.NoAnswer;
                    trial.Proxy.Reset();
                    await Task.Delay(NoAnswer);
                    trial.Proxy.Mode = ProxyMode.Forward;
                });
            },
            async trial =>
            {
                trial.Proxy.Mode = ProxyMode.NoAnswer;
                trial.Proxy.Reset();
                await Task.Delay(Moment);
            }),
        new("busy", async (trial, _) =>
        {
            await trial.WaitAsync();
            await trial.RecoversFromAsync(() =>
            {
                trial.Proxy.BeBusy(answers: 3);
                trial.Proxy.Reset();
            });
        }),
        new("send-reset", async (trial, _) =>
        {
            await trial.StartSendingAsync(SendRate);
            await trial.RecoversFromEachAsync(10, trial.Proxy.Reset);
        }),
        new("send-silence", async (trial, _) =>
        {
            await trial.StartSendingAsync(SendRate);
            await trial.RecoversFromEachAsync(3, trial.Proxy.Silence);
        }),
    ];

    // A server that is not usable for a minute; how long after that minute is the client ready again?
    private static async Task OutageAsync(Trial trial, TrialResult result, ProxyMode mode)
    {
        await trial.WaitAsync();
        trial.Proxy.Mode = mode;
        trial.Proxy.Reset();
        await trial.CountAttemptsAsync(result);
        await trial.RecoversFromAsync(() =>
        {
            trial.Proxy.Mode = ProxyMode.Forward;
            trial.Proxy.Reset(); // also a connection that would still be dropped
        });
    }
}
