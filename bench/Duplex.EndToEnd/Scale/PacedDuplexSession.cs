namespace Duplex.EndToEnd;

/// <summary>A default session of Duplex, through Incoming and SendAsync.</summary>
internal sealed class PacedDuplexSession : PacedSession
{
    private readonly DefaultClientWebSocketSession _session;
    private readonly bool _recycles;

    public PacedDuplexSession(DefaultClientWebSocketSession session, bool recycles, int size, Echoes echoes)
        : base(size, echoes)
    {
        _session = session;
        _recycles = recycles;
        StartReceiving();
    }

    protected override ValueTask SendAsync(ReadOnlyMemory<byte> message) => _session.SendAsync(message);

    protected override async Task ReceiveAsync()
    {
        await foreach (Frame frame in _session.Incoming.ConfigureAwait(false))
        {
            Echoes.Add(frame.Data.Span);
            if (_recycles)
                frame.Recycle();
        }
    }
}
