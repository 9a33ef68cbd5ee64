namespace Duplex.EndToEnd;

/// <summary>A session of Duplex whose consumer is the reader: views from Messages, and TrySend.</summary>
internal sealed class PacedDirectSession : PacedSession
{
    private readonly DefaultClientWebSocketSession _session;

    public PacedDirectSession(DefaultClientWebSocketSession session, int size, Echoes echoes)
        : base(size, echoes)
    {
        _session = session;
        StartReceiving();
    }

    // TrySend sends nothing if there is no room: then a send that waits, or says that the session is closed.
    protected override ValueTask SendAsync(ReadOnlyMemory<byte> message) =>
        _session.TrySend(message.Span) ? default : _session.SendAsync(message);

    protected override async Task ReceiveAsync()
    {
        while (await _session.Messages.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_session.Messages.TryRead(out MessageView message))
                Echoes.Add(message.Data);
        }
    }
}
