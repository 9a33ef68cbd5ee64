namespace Duplex.Tests;

/// <summary>What a receive loop, a sender or a pump has reported to its session.</summary>
internal class SessionReports : ISessionEvents
{
    private readonly Lock _sync = new();
    private readonly List<ChannelOverflowException> _overflows = [];
    private readonly List<(CloseCode Code, WebSocketException Error)> _faults = [];
    private readonly TaskCompletionSource<(ProtocolViolation? Violation, Exception? Error)> _receiveEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> _writeFailed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<(ProtocolViolation? Violation, Exception? Error)> ReceiveEnd => _receiveEnd.Task;

    public Task<Exception> WriteFailed => _writeFailed.Task;

    public IReadOnlyList<ChannelOverflowException> Overflows
    {
        get
        {
            lock (_sync)
                return [.. _overflows];
        }
    }

    public IReadOnlyList<(CloseCode Code, WebSocketException Error)> Faults
    {
        get
        {
            lock (_sync)
                return [.. _faults];
        }
    }

    public virtual bool OnMessage(Frame message) => false;

    public virtual void OnPing(ReadOnlySpan<byte> payload)
    {
    }

    public virtual void OnPong(ReadOnlySpan<byte> payload)
    {
    }

    public virtual bool OnIncomingOverflow(Frame frame) => true;

    public virtual void OnBatchEnd(long lastInbound)
    {
    }

    public virtual void OnPeerClose(CloseReason reason)
    {
    }

    public void OnReceiveEnd(ProtocolViolation? violation, Exception? error) => _receiveEnd.SetResult((violation, error));

    public bool OnCloseRequested(CloseReason reason, Exception? error = null) => throw new InvalidOperationException("No Close was expected.");

    public void OnSendFault(CloseCode code, WebSocketException error)
    {
        lock (_sync)
            _faults.Add((code, error));
    }

    public void OnOutgoingOverflow(ChannelOverflowException error)
    {
        lock (_sync)
            _overflows.Add(error);
    }

    public void OnWritePending()
    {
    }

    public void OnWriteFailed(Exception error) => _writeFailed.TrySetResult(error);

    public void OnPeerLost(TimeoutException error) => throw new InvalidOperationException("No session of this test loses its peer.", error);
}
