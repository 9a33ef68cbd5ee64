using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace Duplex;

/// <summary>
/// Adapts a platform <see cref="WebSocket"/>, which frames and masks by itself, to a stream of unmasked frames.
/// </summary>
/// <remarks>
/// One read and one write at a time. Socket calls get no token, because cancelling one aborts the socket; disposing
/// ends both. Each receive becomes one frame, so fragments differ from the sender's.
/// </remarks>
internal sealed class WebSocketFrameStream(WebSocket socket) : Stream
{
    /// <summary>Enough for most small messages, and costs an idle connection little.</summary>
    public const int SmallReceive = 1024;

    // Room for a received payload's header: 2 bytes and a 16-bit length.
    private const int HeaderRoom = 4;

    // RFC 6455 §5.2: the largest 16-bit payload length.
    private const int MostReceived = ushort.MaxValue;

    // RFC 6455 §5.2: the largest payload length that fits the second header byte.
    private const int MostShort = 125;

    private readonly byte[] _header = new byte[FrameHeader.MaxSize];
    private readonly byte[] _close = new byte[FrameHeader.MaxControlPayload];

    // Only touched by the read in progress.
    private byte[]? _small;
    private Memory<byte> _held; // received but unread, in _small
    private bool _inMessage;
    private bool _ended;

    // Only touched by the write in progress.
    private int _headerLength;
    private bool _inFrame;
    private FrameHeader _frame;
    private long _remaining;
    private WebSocketMessageType _type; // of the message in progress
    private int _closeLength;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A zero-byte read receives into an internal buffer: sockets treat empty buffers differently.</summary>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_held.IsEmpty)
        {
            if (buffer.Length >= SmallReceive)
                return await ReceiveAsync(buffer).ConfigureAwait(false);
            _small ??= new byte[SmallReceive];
            int length = await ReceiveAsync(_small).ConfigureAwait(false);
            _held = _small.AsMemory(0, length);
        }

        int read = Math.Min(buffer.Length, _held.Length);
        _held[..read].CopyTo(buffer);
        _held = _held[read..];
        return read;
    }

    /// <summary>A Close closes the socket's output; reads then receive the peer's.</summary>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_inFrame || TryBegin(ref buffer))
        {
            ReadOnlyMemory<byte> payload = buffer[..(int)Math.Min(_remaining, buffer.Length)];
            buffer = buffer[payload.Length..];
            _remaining -= payload.Length;
            _inFrame = _remaining > 0;
            if (_inFrame && payload.IsEmpty)
                return;
            if (!_frame.IsControl)
            {
                await socket.SendAsync(payload, _type, endOfMessage: _frame.Fin && !_inFrame, CancellationToken.None)
                    .ConfigureAwait(false);
            }
            else
            {
                await CloseAsync(payload).ConfigureAwait(false);
            }
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            try
            {
                // Only Abort ends pending operations; after both Closes there are none.
                if (socket.State != WebSocketState.Closed)
                    socket.Abort();
            }
            finally
            {
                socket.Dispose();
            }
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> ReceiveAsync(Memory<byte> target)
    {
        Memory<byte> room = target[HeaderRoom..Math.Min(target.Length, HeaderRoom + MostReceived)];
        while (!_ended)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = await socket.ReceiveAsync(room, CancellationToken.None).ConfigureAwait(false);
            }
            catch (System.Net.WebSockets.WebSocketException e) when (
                e is { WebSocketErrorCode: WebSocketError.ConnectionClosedPrematurely, InnerException: null })
            {
                _ended = true; // no Close; a broken connection has an inner exception
                break;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                // RFC 6455 §5.5.1: no data follows a Close; another receive would throw.
                _ended = true;
                return WriteClose(target.Span);
            }

            if (received.Count > 0 || received.EndOfMessage)
                return WriteHeader(target.Span, received);
        }

        return 0;
    }

    // A short payload moves to directly after its shorter header.
    private int WriteHeader(Span<byte> target, ValueWebSocketReceiveResult received)
    {
        Opcode opcode = _inMessage ? Opcode.Continuation
            : received.MessageType == WebSocketMessageType.Text ? Opcode.Text
            : Opcode.Binary;
        _inMessage = !received.EndOfMessage;
        int size = new FrameHeader(opcode, received.EndOfMessage, ReservedBits.None, received.Count).Write(target);
        if (received.Count <= MostShort)
            target.Slice(HeaderRoom, received.Count).CopyTo(target[size..]);
        return size + received.Count;
    }

    // Unchanged: the reader of frames validates every Close.
    private int WriteClose(Span<byte> target)
    {
        byte[] payload = [];
        if (socket.CloseStatus is { } status and not WebSocketCloseStatus.Empty)
        {
            byte[] text = Encoding.UTF8.GetBytes(socket.CloseStatusDescription ?? "");
            payload = new byte[sizeof(ushort) + text.Length];
            BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)status);
            text.CopyTo(payload, sizeof(ushort));
        }

        int size = new FrameHeader(Opcode.Close, fin: true, ReservedBits.None, payload.Length).Write(target);
        if (payload.Length > FrameHeader.MaxControlPayload)
            return size; // only an in-memory peer sends this violation
        payload.CopyTo(target[size..]);
        return size + payload.Length;
    }

    private bool TryBegin(ref ReadOnlyMemory<byte> buffer)
    {
        int taken = Math.Min(_header.Length - _headerLength, buffer.Length);
        buffer.Span[..taken].CopyTo(_header.AsSpan(_headerLength));
        if (!FrameHeader.TryParse(_header.AsSpan(0, _headerLength + taken), out _frame))
        {
            _headerLength += taken;
            buffer = default;
            return false;
        }

        buffer = buffer[(_frame.Size - _headerLength)..];
        _headerLength = 0;
        _inFrame = true;
        _remaining = _frame.PayloadLength;
        _type = _frame.Opcode switch
        {
            Opcode.Text => WebSocketMessageType.Text,
            Opcode.Binary => WebSocketMessageType.Binary,
            Opcode.Continuation or Opcode.Close => _type,
            _ => throw new UnreachableException(
                $"A {_frame.Opcode} frame was staged for a socket that cannot send one."),
        };
        return true;
    }

    private async ValueTask CloseAsync(ReadOnlyMemory<byte> payload)
    {
        payload.CopyTo(_close.AsMemory(_closeLength));
        _closeLength += payload.Length;
        if (_inFrame)
            return;

        // A Close without a code is sent as 1000: for Empty a browser's socket throws, and the platform's writes 1005,
        // which "MUST NOT be set as a status code in a Close control frame by an endpoint" (RFC 6455 §7.4.1).
        var status = WebSocketCloseStatus.NormalClosure;
        string? text = null;
        if (_closeLength > 0)
        {
            status = (WebSocketCloseStatus)BinaryPrimitives.ReadUInt16BigEndian(_close);
            text = _closeLength > sizeof(ushort)
                ? Encoding.UTF8.GetString(_close, sizeof(ushort), _closeLength - sizeof(ushort))
                : null;
        }

        await socket.CloseOutputAsync(status, text, CancellationToken.None).ConfigureAwait(false);
    }
}
