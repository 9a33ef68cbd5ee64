namespace Duplex.Testing;

/// <summary>One step of a script.</summary>
/// <param name="Description">As it is written in the script.</param>
/// <param name="RunAsync">What it does.</param>
/// <param name="IsCode">Whether it is code of the test, whose end may be open.</param>
internal sealed record ScriptStep(
    string Description, Func<ScriptStep.Stage, CancellationToken, Task> RunAsync, bool IsCode = false)
{
    /// <summary>What the steps of one connection act on.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="session">The server's side of it.</param>
    /// <param name="time">The clock.</param>
    internal sealed class Stage(TestConnection connection, WebSocketSession session, TimeProvider time)
    {
        public TestConnection Connection => connection;

        public WebSocketSession Session => session;

        public TimeProvider Time => time;

        /// <summary>What the last expectation received. Accessed by one step at a time.</summary>
        public Frame? Last { get; private set; }

        /// <summary>Receives the next message, which must fit.</summary>
        public async Task ExpectAsync(Func<Frame, bool> fits, CancellationToken token)
        {
            Last = await session.ReceiveAsync(token).ConfigureAwait(false);
            if (Last is null)
            {
                CloseResult end = await session.Completion.WaitAsync(token).ConfigureAwait(false);
                throw new WebSocketClosedException($"the session ended ({end})");
            }

            if (!fits(Last))
                throw new WebSocketTestException($"received {Describe(Last)} instead");
        }

        /// <summary>Waits for the client's Close, before which no message may come.</summary>
        public async Task ExpectCloseAsync(CloseCode? code, CancellationToken token)
        {
            Frame? frame = await session.ReceiveAsync(token).ConfigureAwait(false);
            CloseReason? reason = frame switch
            {
                null => (await session.Completion.WaitAsync(token).ConfigureAwait(false)).Received,
                Frame.Close close => close.ReadReason() ?? CloseReason.NoStatus,
                _ => throw new WebSocketTestException($"received {Describe(frame)} instead"),
            };
            if (reason is null || (code is not null && reason.Code != code))
                throw new WebSocketTestException($"received {reason?.ToString() ?? "no Close"} instead");
        }

        private static TestMessage Describe(Frame frame) => new(frame.Type, frame.Data, default);
    }
}
