using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What may end one attempt of a handshake from outside, and how that is told: only the caller's own token is a cancellation.</summary>
/// <param name="Timeout">How long a handshake may take, for the message of the error.</param>
/// <param name="Deadline">Fires when the handshake has taken too long.</param>
/// <param name="Stopping">Fires when the plugin is disposed.</param>
/// <param name="Token">Whoever else may end the attempt.</param>
internal sealed record HandshakeBounds(TimeSpan Timeout, CancellationToken Deadline, CancellationToken Stopping, CancellationToken Token)
{
    /// <summary>Runs an attempt within the bounds, and logs how it went.</summary>
    /// <param name="logger">Where to log.</param>
    /// <param name="target">Where the handshake goes, in words fit for a log.</param>
    /// <param name="attempt">The attempt; its token fires with the first of the bounds.</param>
    /// <exception cref="WebSocketHandshakeException">A bound was reached that is not the caller's token.</exception>
    public async Task<HttpResponseMessage> RunAsync(ILogger logger, string target, Func<CancellationToken, Task<HttpResponseMessage>> attempt)
    {
        Log.Safely(() => Log.HandshakeStarted(logger, target));
        using var any = CancellationTokenSource.CreateLinkedTokenSource(Token, Deadline, Stopping);
        try
        {
            HttpResponseMessage answer = await attempt(any.Token).ConfigureAwait(false);
            if (answer.StatusCode == System.Net.HttpStatusCode.SwitchingProtocols)
                Log.Safely(() => Log.HandshakeSucceeded(logger, target));
            else
                Log.Safely(() => Log.HandshakeRejected(logger, target, (int)answer.StatusCode));
            return answer;
        }
        catch (OperationCanceledException) when (Token.IsCancellationRequested)
        {
            Log.Safely(() => Log.HandshakeCancelled(logger, target));
            throw;
        }
        catch (OperationCanceledException e)
        {
            WebSocketHandshakeException failure = Stopping.IsCancellationRequested
                ? new(HandshakeCheck.Disposed, "WebSocketsHandler was disposed while the WebSocket handshake was in progress. Keep it alive until the session is open.", e)
                : Deadline.IsCancellationRequested
                ? new(HandshakeCheck.Timeout, $"The server did not answer the WebSocket handshake within the handshake timeout of {Timeout.TotalSeconds:0.###} s.", e)
                : new(HandshakeCheck.Timeout, "A handler below WebSocketsHandler, or the connect function of its engine, gave up the handshake by a time limit of its own, such as ConnectTimeout.", e);
            Log.Safely(() => Log.HandshakeFailed(logger, target, failure.Check));
            throw failure;
        }
        catch (Exception e)
        {
            // What the transport throws stays what it is: a handler before us may know how to try again.
            HandshakeCheck check = e is WebSocketHandshakeException failure ? failure.Check : HandshakeCheck.Transport;
            Log.Safely(() => Log.HandshakeFailed(logger, target, check));
            throw;
        }
    }

    /// <summary>Waits for something that somebody else makes. One who ignores the token does not hold us up; what he brings too late is thrown away.</summary>
    public static async Task<T> WaitAsync<T>(Task<T> making, CancellationToken token)
        where T : IDisposable
    {
        try
        {
            return await making.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _ = making.ContinueWith(
                static late =>
                {
                    if (late.IsCompletedSuccessfully)
                        late.Result?.Dispose();
                    else
                        _ = late.Exception; // seen, so that nobody reports it as forgotten
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }
    }
}
