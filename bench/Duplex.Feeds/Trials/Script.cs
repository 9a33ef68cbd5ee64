namespace Duplex.Feeds;

/// <summary>A list of faults, the same for all clients.</summary>
/// <param name="Name">Its name on the command line and in the table.</param>
/// <param name="RunAsync">Runs it. Returns whether the client was ready again after each fault.</param>
/// <param name="BeforeEnd">The last fault, within which the client is closed and disposed.</param>
internal sealed record Script(
    string Name, Func<Trial, TrialResult, Task<bool>> RunAsync, Func<Trial, Task>? BeforeEnd = null)
{
    // As many as a busy client sends; at 10 ms to the server some are always on their way.
    private const int SendRate = 100;

    // The drop comes when the first message has reached the client.
    private static readonly TimeSpan AfterFirstMessage = TimeSpan.FromMilliseconds(50);

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
        new("dead", async (trial, result) =>
        {
            await trial.WaitAsync();
            trial.Proxy.Mode = ProxyMode.Refuse;
            trial.Proxy.Reset();
            await trial.CountAttemptsAsync(result);
            return await trial.RecoversFromAsync(() => trial.Proxy.Mode = ProxyMode.Forward);
        }),
        new("flap", async (trial, result) =>
        {
            await trial.WaitAsync();
            trial.Proxy.Mode = ProxyMode.DropAfterHandshake;
            trial.Proxy.Reset();
            await trial.CountAttemptsAsync(result);
            return await trial.RecoversFromAsync(() => trial.Proxy.Mode = ProxyMode.Forward);
        }),
        new("flap-ready", async (trial, result) =>
        {
            await trial.WaitAsync();
            trial.WhenFirstMessage(() =>
                _ = Task.Delay(AfterFirstMessage).ContinueWith(_ => trial.Proxy.Reset(), TaskScheduler.Default));
            trial.Proxy.Reset();
            await trial.CountAttemptsAsync(result);
            return await trial.RecoversFromAsync(() => trial.WhenFirstMessage(static () => { }));
        }),
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
                return await trial.RecoversFromAsync(async () =>
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
            return await trial.RecoversFromAsync(() =>
            {
                trial.Proxy.BeBusy(answers: 3);
                trial.Proxy.Reset();
            });
        }),
        new("send-reset", async (trial, _) =>
        {
            await trial.StartSendingAsync(SendRate);
            return await trial.RecoversFromEachAsync(10, trial.Proxy.Reset);
        }),
        new("send-silence", async (trial, _) =>
        {
            await trial.StartSendingAsync(SendRate);
            return await trial.RecoversFromEachAsync(3, trial.Proxy.Silence);
        }),
    ];
}
