using System.Net.WebSockets;
using System.Threading.Channels;

namespace Duplex.Tests;

/// <summary>A platform's socket that receives what a test says and keeps what it is asked. It notes misuse: a token, an empty buffer, two calls of a kind at a time.</summary>
internal sealed class FakeSocket : WebSocket
{
    private readonly Lock _sync = new();
    private readonly Channel<Received> _toReceive = Channel.CreateUnbounded<Received>();
    private readonly List<string> _calls = [];
    private readonly List<string> _misuse = [];
    private Received? _rest;
    private WebSocketState _state = WebSocketState.Open;
    private WebSocketCloseStatus? _closeStatus;
    private string? _closeStatusDescription;
    private int _receives;
    private int _sends;

    /// <summary>What it was asked, in order: "Text 616263" for a last part, "Text 61…" for one that is not, "Close 1000 text", "Abort", "Dispose".</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_sync)
                return [.. _calls];
        }
    }

    public IReadOnlyList<string> Misuse
    {
        get
        {
            lock (_sync)
                return [.. _misuse];
        }
    }

    public int ReceiveCount { get; private set; }

    public string? Subprotocol { get; init; }

    public override WebSocketCloseStatus? CloseStatus => _closeStatus;

    public override string? CloseStatusDescription => _closeStatusDescription;

    public override WebSocketState State => _state;

    public override string? SubProtocol => Subprotocol;

    /// <summary>Sends part of a message to the session.</summary>
    public void Give(ReadOnlySpan<byte> payload, WebSocketMessageType type = WebSocketMessageType.Binary, bool end = true) =>
        _toReceive.Writer.TryWrite(new Received(payload.ToArray(), type, end));

    /// <summary>Closes towards the session.</summary>
    public void GiveClose(WebSocketCloseStatus? status, string? description) =>
        _toReceive.Writer.TryWrite(new Received([], WebSocketMessageType.Close, true) { Status = status, Description = description });

    /// <summary>Fails the session's next receive.</summary>
    public void GiveError(Exception error) => _toReceive.Writer.TryWrite(new Received([], default, true) { Error = error });

    /// <summary>Both Closes have gone their way.</summary>
    public void SetState(WebSocketState state) => _state = state;

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Begin(ref _receives, "two receives at a time", cancellationToken);
        try
        {
            ReceiveCount++;
            if (buffer.IsEmpty)
                Note("a receive into an empty buffer");
            Received next = _rest ?? await _toReceive.Reader.ReadAsync(CancellationToken.None);
            _rest = null;
            if (next.Error is not null)
                throw next.Error;
            if (next.Type == WebSocketMessageType.Close)
            {
                (_closeStatus, _closeStatusDescription) = (next.Status, next.Description);
                return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, true);
            }

            int count = Math.Min(buffer.Length, next.Payload.Length);
            next.Payload.AsSpan(0, count).CopyTo(buffer.Span);
            if (count < next.Payload.Length)
                _rest = next with { Payload = next.Payload[count..] };
            return new ValueWebSocketReceiveResult(count, next.Type, next.End && _rest is null);
        }
        finally
        {
            Interlocked.Decrement(ref _receives);
        }
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken)
    {
        Begin(ref _sends, "two sends at a time", cancellationToken);
        Call($"{messageType} {Convert.ToHexString(buffer.Span)}{(endOfMessage ? "" : "…")}");
        Interlocked.Decrement(ref _sends);
        return default;
    }

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        Begin(ref _sends, "two sends at a time", cancellationToken);
        Call($"Close {(int)closeStatus} {statusDescription ?? "-"}");
        Interlocked.Decrement(ref _sends);
        return Task.CompletedTask;
    }

    public override void Abort()
    {
        Call("Abort");
        _toReceive.Writer.TryComplete(new OperationCanceledException("Aborted"));
    }

    public override void Dispose()
    {
        Call("Dispose");
        _toReceive.Writer.TryComplete(new OperationCanceledException("Aborted"));
    }

    public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => throw new NotSupportedException();

    private void Begin(ref int running, string misuse, CancellationToken token)
    {
        if (Interlocked.Increment(ref running) > 1)
            Note(misuse);
        if (token.CanBeCanceled)
            Note("a token");
    }

    private void Call(string call)
    {
        lock (_sync)
            _calls.Add(call);
    }

    private void Note(string misuse)
    {
        lock (_sync)
            _misuse.Add(misuse);
    }

    private sealed record Received(byte[] Payload, WebSocketMessageType Type, bool End)
    {
        public WebSocketCloseStatus? Status { get; init; }

        public string? Description { get; init; }

        public Exception? Error { get; init; }
    }
}
