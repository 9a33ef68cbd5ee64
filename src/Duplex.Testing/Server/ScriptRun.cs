namespace Duplex.Testing;

/// <summary>The steps of a script, as they run on one connection.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class ScriptRun(IReadOnlyList<ScriptStep> steps, ScriptStep.Stage stage)
{
    // Written by the run, read by any thread.
    private int _done;
    private string? _why;

    private string Place => $"Connection {stage.Connection.Number}, step {_done + 1} of {steps.Count}, " +
        $"{steps[_done].Description}";

    /// <summary>Which step is not done, in words; null if all are, or if only code of the test still runs.</summary>
    public string? Unmet
    {
        get
        {
            int done = Volatile.Read(ref _done);
            return done == steps.Count || (done == steps.Count - 1 && steps[done].IsCode)
                ? null
                : $"{Place}: not done, {Volatile.Read(ref _why) ?? "the connection is open"}";
        }
    }

    /// <summary>Runs the steps, then receives until the session ends.</summary>
    /// <exception cref="WebSocketTestException">A step failed.</exception>
    public async Task RunAsync(CancellationToken token)
    {
        WebSocketSession session = stage.Session;
        try
        {
            for (; _done < steps.Count; Volatile.Write(ref _done, _done + 1))
            {
                if (!await DoAsync(steps[_done], token).ConfigureAwait(false))
                    return;
            }

            if (steps is [.., { IsCode: true }])
                await session.CloseAsync(CloseCode.NormalClosure, "", token).ConfigureAwait(false);
            while (await session.ReceiveAsync(token).ConfigureAwait(false) is { } frame)
                frame.Recycle();
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException)
        {
            // The server is being disposed, or the connection was lost, which the client may do at any time.
        }
    }

    private async Task<bool> DoAsync(ScriptStep step, CancellationToken token)
    {
        try
        {
            await step.RunAsync(stage, token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            return false;
        }
        catch (WebSocketException e) when (step.IsCode && IsLoss(e))
        {
            return true; // as in a server: the client has gone
        }
        catch (WebSocketException e) when (IsLoss(e))
        {
            Volatile.Write(ref _why, e.Message);
            return false;
        }
        catch (Exception e)
        {
            string why = e is WebSocketTestException ? e.Message : $"failed with {e.GetType().Name}: {e.Message}";
            IReadOnlyList<TestMessage> came = stage.Connection.Messages;
            throw new WebSocketTestException(
                $"{Place}: {why}. Messages of the client: {(came.Count == 0 ? "none" : string.Join(", ", came))}. " +
                "Change what the client sends, or the script.", e);
        }
    }

    // The connection's end, by either side; not a value that cannot be deserialized, for example.
    private static bool IsLoss(WebSocketException error) => error is
        WebSocketClosedException or WebSocketProtocolException or FrameTooBigException or ChannelOverflowException;
}
