using System.Net;
using System.Net.Sockets;

namespace Duplex;

/// <summary>
/// Connects to a host by the first of its addresses that answers (RFC 8305). <see cref="AddressRace"/> decides.
/// </summary>
/// <remarks>
/// Thread-safe. The platform returns the answers for A and AAAA together, so attempts begin when both have arrived.
/// </remarks>
internal sealed class HappyEyeballs(
    TimeSpan delay,
    AddressFamily first,
    TimeProvider time,
    Func<string, CancellationToken, Task<IPAddress[]>> resolve,
    Func<IPEndPoint, CancellationToken, Task<Stream>> connect)
{
    /// <summary>RFC 8305 §5: "One recommended value for a default delay is 250 milliseconds."</summary>
    public static readonly TimeSpan DefaultDelay = TimeSpan.FromMilliseconds(250);

    /// <summary>RFC 8305 §5: "The Connection Attempt Delay MUST NOT be less than 10 milliseconds".</summary>
    public static readonly TimeSpan LeastDelay = TimeSpan.FromMilliseconds(10);

    /// <summary>RFC 8305 §5: "recommended to be 2 seconds", a maximum.</summary>
    public static readonly TimeSpan MostDelay = TimeSpan.FromSeconds(2);

    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken token)
    {
        if (IPAddress.TryParse(target.Host, out IPAddress? literal))
            return await connect(new IPEndPoint(literal, target.Port), token).ConfigureAwait(false);
        IPAddress[] addresses = await resolve(target.Host, token).ConfigureAwait(false);
        return addresses.Length > 0
            ? await RaceAsync(new AddressRace(addresses, first, delay), target.Port, token).ConfigureAwait(false)
            : throw new SocketException((int)SocketError.HostNotFound);
    }

    private async Task<Stream> RaceAsync(AddressRace race, int port, CancellationToken token)
    {
        long began = time.GetTimestamp();
        List<Task<Stream>> running = [];
        List<Exception> errors = [];
        using var over = CancellationTokenSource.CreateLinkedTokenSource(token);
        try
        {
            while (!race.IsLost)
            {
                while (race.TryStart(time.GetElapsedTime(began), out IPAddress? address))
                    running.Add(StartAsync(new IPEndPoint(address, port), over.Token));

                TimeSpan wait = race.Due - time.GetElapsedTime(began) ?? Timeout.InfiniteTimeSpan;
                if (race.Due is not null && wait <= TimeSpan.Zero)
                    continue;
                var timer = Task.Delay(WholeMilliseconds(wait), time, over.Token);
                Task ended = await Task.WhenAny([.. running, timer]).ConfigureAwait(false);
                token.ThrowIfCancellationRequested();

                // The earliest attempt that succeeded, if several have.
                if (running.Find(attempt => attempt.IsCompletedSuccessfully) is { } winner)
                {
                    running.Remove(winner);
                    return await winner.ConfigureAwait(false);
                }

                if (ended == timer)
                    continue;
                var failed = (Task<Stream>)ended;
                running.Remove(failed);
                errors.Add(failed.Exception?.InnerException ?? new TaskCanceledException(failed));
                race.Failed(time.GetElapsedTime(began));
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (Task<Stream> loser in running)
                _ = DiscardAsync(loser);
        }

        throw errors is [var only]
            ? only
            : new AggregateException("No address of the host can be connected to.", errors);
    }

    private async Task<Stream> StartAsync(IPEndPoint target, CancellationToken token) =>
        await connect(target, token).ConfigureAwait(false); // what it throws at once is a failure like any other

    // Timers cut a fraction off, which would make the loop spin for it.
    private static TimeSpan WholeMilliseconds(TimeSpan wait) => wait == Timeout.InfiniteTimeSpan
        ? wait
        : TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));

    private static async Task DiscardAsync(Task<Stream> loser)
    {
        try
        {
            await (await loser.ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // It lost: most often it was cancelled.
        }
    }
}
