using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;

namespace Duplex;

/// <summary>
/// A platform's <see cref="WebSocket"/> as the stream that a connection reads and writes: what it receives becomes frames, frames that are written become calls of it. Nothing is
/// masked here: the socket frames anew what it sends, and masks it.
/// </summary>
/// <remarks>
/// <para>One read and one write may be in progress at a time, as on any connection. No call of the socket gets a token: cancelling one aborts it. Disposing ends both.</para>
/// <para>Each receive becomes one frame, so where a message is cut says nothing of how its sender cut it.</para>
/// </remarks>
internal sealed class WebSocketFrameStream(WebSocket socket) : Stream
{
    /// <summary>What is received into while nobody offers memory: so little that an idle connection costs next to nothing, and enough for most small messages.</summary>
    public const int SmallReceive = 1024;

    // Room before a received payload for its header: 2 bytes and a 16-bit length.
    private const int HeaderRoom = 4;

    // RFC 6455 §5.2: the longest payload whose length takes 16 bits.
    private const int MostReceived = ushort.MaxValue;

    // RFC 6455 §5.2: the longest payload whose length stands in the second byte itself.
    private const int MostShort = 125;

    private readonly byte[] _header = new byte[FrameHeader.MaxSize];
    private readonly byte[] _close = new byte[FrameHeader.MaxControlPayload];

    // All only touched by the read in progress.
    private byte[]? _small;
    private Memory<byte> _held; // received and not read yet, in _small
    private bool _inMessage; // whether the next receive carries on a message
    private bool _ended; // whether nothing will be received any more

    // All only touched by the write in progress.
    private int _headerLength; // how much of a header has been written
    private bool _inFrame;
    private FrameHeader _frame;
    private long _remaining; // how many payload bytes of the frame have not been written yet
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

    /// <summary>Reads frames. A read of no bytes waits until there are some; what sockets make of an empty buffer differs, so it receives into a small one of its own.</summary>
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

    /// <summary>Writes frames, cut anywhere. What there is of a payload is sent at once; a Close becomes the socket's closing handshake, of which the receiving half is left to reads.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
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
                await socket.SendAsync(payload, _type, endOfMessage: _frame.Fin && !_inFrame, CancellationToken.None).ConfigureAwait(false);
            else
                await CloseAsync(payload).ConfigureAwait(false);
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
                // The one call that ends whatever is in progress. Once both Closes have gone their way nothing is, and there is nothing to break.
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

    // Receives one frame into the target, header and all.
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
            catch (System.Net.WebSockets.WebSocketException e) when (e is { WebSocketErrorCode: WebSocketError.ConnectionClosedPrematurely, InnerException: null })
            {
                _ended = true; // the connection's end, without a Close; one that broke has an inner exception
                break;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                // RFC 6455 §5.5.1: no data follows a Close; the socket would refuse to be asked for any.
                _ended = true;
                return WriteClose(target.Span);
            }

            if (received.Count > 0 || received.EndOfMessage)
                return WriteHeader(target.Span, received);
        }

        return 0;
    }

    // The payload stands behind HeaderRoom; a small one moves up to its shorter header.
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

    // What the peer said, as it was said: whether it may be said is judged where every Close is judged.
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
            return size; // the header alone is a violation, of a peer in memory that no wire kept from it
        payload.CopyTo(target[size..]);
        return size + payload.Length;
    }

    // Takes a header off the front of what is written; false if it is not all there yet.
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
            _ => throw new UnreachableException($"A {_frame.Opcode} frame was staged for a socket that cannot send one."),
        };
        return true;
    }

    private async ValueTask CloseAsync(ReadOnlyMemory<byte> payload)
    {
        payload.CopyTo(_close.AsMemory(_closeLength));
        _closeLength += payload.Length;
        if (_inFrame)
            return;

        // A Close without a code is sent as 1000: asked for Empty the platform's socket writes 1005, which RFC 6455 §7.4.1 forbids ("MUST NOT be set as a status code in a Close
        // control frame by an endpoint"), and a browser's refuses it.
        var status = WebSocketCloseStatus.NormalClosure;
        string? text = null;
        if (_closeLength > 0)
        {
            status = (WebSocketCloseStatus)BinaryPrimitives.ReadUInt16BigEndian(_close);
            text = _closeLength > sizeof(ushort) ? Encoding.UTF8.GetString(_close, sizeof(ushort), _closeLength - sizeof(ushort)) : null;
        }

        await socket.CloseOutputAsync(status, text, CancellationToken.None).ConfigureAwait(false);
    }
}
