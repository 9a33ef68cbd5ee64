using System.Text;

namespace Duplex.Tests;

/// <summary>The other end of a session's real connection. It knows no rules: it writes the bytes that a case gives it, so many at a time, and cuts what it hears into frames.</summary>
internal sealed class WirePeer(PeerConnection connection, int chunk) : IDisposable
{
    private readonly MemoryStream _heard = new(); // what came and was not taken yet
    private byte[] _buffer = new byte[64 * 1024];

    /// <summary>How the session under test takes part.</summary>
    public WebSocketRole SessionRole { get; init; }

    /// <summary>The reserved bits that the session's extensions own.</summary>
    public int AllowedReserved { get; init; }

    /// <summary>Writes bytes, each chunk by a write of its own, as long as the connection takes them: a session that has said its last may break it.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await WriteAllAsync(bytes);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException) // the latter by Kestrel, once we have finished
        {
            // What was heard until then shows whether that was right.
        }
    }

    /// <summary>Writes frames.</summary>
    public Task SayAsync(params IEnumerable<PeerFrame> frames) =>
        WriteAsync(PeerFrame.Encode(frames, SessionRole == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client));

    /// <summary>How many bytes came that nobody has heard yet.</summary>
    public int Available => connection.Available + (int)_heard.Length;

    /// <summary>Writes text, one byte a character.</summary>
    public Task WriteAsync(string text) => WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>The head of an HTTP message, to its blank line; what came until the end if there is none.</summary>
    public async Task<string> HearHeadAsync()
    {
        while (true)
        {
            string heard = Encoding.Latin1.GetString(_heard.GetBuffer(), 0, (int)_heard.Length);
            int end = heard.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                Consume(end + 4);
                return heard[..(end + 4)];
            }

            if (!await ReceiveAsync())
            {
                Consume(heard.Length);
                return heard;
            }
        }
    }

    /// <summary>The next frame, judged; null at the end of the connection.</summary>
    public async Task<HeardFrame?> HearAsync()
    {
        while (true)
        {
            if (HeardFrame.Take(_heard.GetBuffer().AsSpan(0, (int)_heard.Length), out int length) is { } frame)
            {
                Consume(length);
                return frame.Judged(SessionRole, AllowedReserved);
            }

            if (!await ReceiveAsync())
            {
                Assert.Equal(0, _heard.Length); // no frame is left half sent
                return null;
            }
        }
    }

    /// <summary>Ends what we send.</summary>
    public void Finish() => connection.Finish();

    public void Dispose() => connection.Dispose();

    private async Task WriteAllAsync(ReadOnlyMemory<byte> bytes)
    {
        for (int at = 0; at < bytes.Length; at += chunk)
        {
            ReadOnlyMemory<byte> part = bytes.Slice(at, Math.Min(chunk, bytes.Length - at));
            await connection.Stream.WriteAsync(part).Soon();
            await connection.Stream.FlushAsync().Soon();
        }
    }

    private async Task<bool> ReceiveAsync()
    {
        try
        {
            int count = await connection.Stream.ReadAsync(_buffer).Soon();
            _heard.Write(_buffer.AsSpan(0, count));
            if (count == _buffer.Length)
                _buffer = new byte[Math.Min(2 * _buffer.Length, 4 << 20)];
            return count > 0;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return false; // released by RST; Kestrel tells it in either way
        }
    }

    private void Consume(int count)
    {
        byte[] rest = _heard.GetBuffer()[count..(int)_heard.Length];
        _heard.SetLength(0);
        _heard.Write(rest);
    }
}
