using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace Duplex;

/// <summary>A WebSocket of the page, as the platform's class. A browser runs a page on one thread.</summary>
/// <remarks>
/// Not the platform's own client: it sends an empty text as binary, fails a read in place of a Close that comes early,
/// and drops sends after a received Close without a word.
/// </remarks>
internal sealed class BrowserSocket(PageSocket page, TimeProvider time) : WebSocket, IPageSocketEvents
{
    // WebSockets Standard, close(code, reason): any code but 1000 and 3000 to 4999 throws an InvalidAccessError.
    private const int FirstOfApplications = 3000;

    // 1001 becomes 3001, 1011 becomes 3011: the registered code stays readable.
    private const int Shift = FirstOfApplications - 1000;

    // RFC 6455 §7.4.1: on no wire. The browser reports a connection that ended without a Close.
    private const int Abnormal = 1006;

    // The same of a connection whose TLS failed.
    private const int TlsFailed = 1015;

    // As much as one write of the pump: a second may wait in the browser while the first leaves it.
    private const int MostBuffered = 256 * 1024;

    // No event tells that the browser has sent. A timer's smallest step; a fast network needs less.
    private static readonly TimeSpan ShortestPoll = TimeSpan.FromMilliseconds(1);

    // A frame of a screen: what a user does not see.
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMilliseconds(16);

    private readonly TaskCompletionSource _opened = new();
    private readonly Queue<Message> _received = [];

    // The page's events and the session's calls, on one thread.
    private WebSocketState _state = WebSocketState.Connecting;
    private WebSocketCloseStatus? _closeStatus;
    private string? _closeStatusDescription;
    private bool _isCloseRead;
    private int _consumed; // of the first message
    private TaskCompletionSource? _arrival; // of what a receive waits for
    private MemoryStream? _unfinished; // a message that is sent in parts

    public override WebSocketCloseStatus? CloseStatus => _isCloseRead ? _closeStatus : null;

    public override string? CloseStatusDescription => _isCloseRead ? _closeStatusDescription : null;

    /// <summary>Open until the end was received, as with any socket, though the browser knows it before.</summary>
    public override WebSocketState State =>
        _state == WebSocketState.Closed && !_isCloseRead ? WebSocketState.Open : _state;

    public override string? SubProtocol => page.SubProtocol;

    private bool EndedWithoutClose => (int?)_closeStatus is Abnormal or TlsFailed;

    public static WebSocketCloseStatus ToSend(WebSocketCloseStatus status) =>
        status is WebSocketCloseStatus.NormalClosure or >= (WebSocketCloseStatus)FirstOfApplications
            ? status
            : status + Shift;

    /// <summary>Waits until the browser has opened the connection. Cancelling gives it up.</summary>
    public async Task OpenAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested(); // an opened socket without an owner would stay open
        using CancellationTokenRegistration giveUp = token.UnsafeRegister(
            static socket => ((BrowserSocket)socket!).Abort(), this);
        page.Open(this);
        await _opened.Task.ConfigureAwait(false);
    }

    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(
        Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (_received.Count == 0)
        {
            _isCloseRead = _closeStatus is not null;
            if (_state == WebSocketState.Aborted || EndedWithoutClose)
                throw new System.Net.WebSockets.WebSocketException(WebSocketError.ConnectionClosedPrematurely);
            if (_isCloseRead)
                return new ValueWebSocketReceiveResult(0, WebSocketMessageType.Close, endOfMessage: true);
            _arrival = new TaskCompletionSource(); // continues within the event: the pool costs a timer of the browser
            await _arrival.Task.ConfigureAwait(false);
        }

        Message message = _received.Peek();
        int count = Math.Min(buffer.Length, message.Payload.Length - _consumed);
        message.Payload.AsSpan(_consumed, count).CopyTo(buffer.Span);
        _consumed += count;
        bool isWhole = _consumed == message.Payload.Length;
        if (isWhole)
        {
            _received.Dequeue();
            _consumed = 0;
        }

        return new ValueWebSocketReceiveResult(count, message.Type, isWhole);
    }

    /// <summary>
    /// Where the browser holds much, waits until as much has left it, as a write to any connection does. So the parts
    /// of a message that is gathered make room for it. What is sent after the peer's Close goes nowhere, as elsewhere.
    /// </summary>
    public override async ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer,
        WebSocketMessageType messageType,
        bool endOfMessage,
        CancellationToken cancellationToken)
    {
        if (!IsOpen())
            return;
        if (!endOfMessage || _unfinished is not null)
            (_unfinished ??= new MemoryStream()).Write(buffer.Span);
        if (endOfMessage)
        {
            ReadOnlySpan<byte> message = _unfinished is null
                ? buffer.Span
                : _unfinished.GetBuffer().AsSpan(0, (int)_unfinished.Length);
            if (messageType == WebSocketMessageType.Text)
                page.Send(Encoding.UTF8.GetString(message));
            else
                page.Send(message.ToArray());
            _unfinished = null;
        }

        long goal = Math.Max(MostBuffered, page.BufferedAmount - buffer.Length);
        for (TimeSpan wait = ShortestPoll; page.BufferedAmount > goal; wait = LongestPoll)
        {
            await Task.Delay(wait, time, CancellationToken.None).ConfigureAwait(false);
            if (!IsOpen())
                return;
        }
    }

    public override Task CloseOutputAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
    {
        if (_state == WebSocketState.Open)
        {
            _state = WebSocketState.CloseSent;
            page.Close((int)ToSend(closeStatus), statusDescription ?? "");
        }

        return Task.CompletedTask;
    }

    /// <summary>A page cannot drop a connection: the peer gets a Close, whose code is ours for 1006.</summary>
    public override void Abort()
    {
        if (_state is WebSocketState.Aborted or WebSocketState.Closed)
            return;
        bool isClosing = _state == WebSocketState.CloseSent;
        _state = WebSocketState.Aborted;
        if (!isClosing)
            page.Close(Abnormal + Shift, "");
        _received.Clear();
        _opened.TrySetCanceled();
        Wake();
    }

    public override void Dispose()
    {
        Abort();
        page.Dispose();
    }

    // The frame stream uses the forms with memory, and CloseOutputAsync.
    public override Task<WebSocketReceiveResult> ReceiveAsync(
        ArraySegment<byte> buffer, CancellationToken cancellationToken) => throw new UnreachableException();

    public override Task SendAsync(
        ArraySegment<byte> buffer,
        WebSocketMessageType messageType,
        bool endOfMessage,
        CancellationToken cancellationToken) => throw new UnreachableException();

    public override Task CloseAsync(
        WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        throw new UnreachableException();

    void IPageSocketEvents.Opened()
    {
        if (_state != WebSocketState.Connecting)
        {
            page.Close(Abnormal + Shift, ""); // given up meanwhile
            return;
        }

        _state = WebSocketState.Open;
        _opened.TrySetResult();
    }

    void IPageSocketEvents.Received(WebSocketMessageType type, byte[] payload)
    {
        if (_state == WebSocketState.Aborted)
            return;
        _received.Enqueue(new Message(type, payload));
        Wake();
    }

    void IPageSocketEvents.Closed(int code, string reason)
    {
        if (_state == WebSocketState.Aborted)
            return;
        (_closeStatus, _closeStatusDescription) = ((WebSocketCloseStatus)code, reason);
        _state = WebSocketState.Closed;
        _opened.TrySetException(new System.Net.WebSockets.WebSocketException(WebSocketError.Faulted));
        Wake();
    }

    private void Wake()
    {
        TaskCompletionSource? arrival = _arrival;
        _arrival = null;
        arrival?.SetResult();
    }

    private bool IsOpen() => _state switch
    {
        WebSocketState.Open => true,
        WebSocketState.Closed when !EndedWithoutClose => false,
        _ => throw new System.Net.WebSockets.WebSocketException(WebSocketError.InvalidState),
    };

    private readonly record struct Message(WebSocketMessageType Type, byte[] Payload);
}
