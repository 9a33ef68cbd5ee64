using System.Text.Json;
using System.Text.Json.Serialization;

namespace Duplex.Tests;

/// <summary>
/// What a .NET engineer types first compiles, and does what its author expects, against a real server. One test for
/// each guess, named by it.
/// </summary>
public sealed partial class FirstGuessesTests(KestrelServer server) : IClassFixture<KestrelServer>, IDisposable
{
    private readonly HttpClient _client = Clients.Create();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly byte[] _bytes = [1, 2, 3];

    private Uri Echo => new(server["ws"], "/echo");

    private CancellationToken Token => _cancellation.Token;

    public void Dispose()
    {
        _client.Dispose();
        _cancellation.Dispose();
    }

    [Fact]
    public async Task WebSocketSessionAsync_takes_the_token_after_the_url()
    {
        await using DefaultClientWebSocketSession one = await _client.WebSocketSessionAsync(Echo, Token);
        await using DefaultClientWebSocketSession two = await _client.WebSocketSessionAsync(Echo.ToString(), Token);
        await using DefaultClientWebSocketSession three = await _client.WebSocketSessionAsync(Echo, default);
        await using DefaultClientWebSocketSession four = await _client.WssSessionAsync(new Uri(server["wss"], "/echo"), Token);
        Assert.All([one, two, three, four], session => Assert.Equal(WebSocketSessionState.Open, session.State));

        await _cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.WebSocketSessionAsync(Echo, Token).Soon());
    }

    [Fact]
    public async Task WebSocketAsync_takes_the_token_after_the_block()
    {
        await _client.WebSocketAsync(Echo, session => session.SendAsync("x").AsTask(), Token);
        await _client.WebSocketAsync(Echo.ToString(), async session => await session.SendAsync("x"), Token);
        string? text = await _client.WebSocketAsync(Echo, async session =>
        {
            await session.SendAsync("x");
            return await session.ReceiveTextAsync();
        }, Token);
        int length = await _client.WebSocketAsync(Echo.ToString(), async session =>
        {
            await session.SendAsync("xyz");
            return (await session.ReceiveAsync())!.Data.Length;
        }, default);
        await _client.WssAsync(new Uri(server["wss"], "/echo").ToString(), session => session.FlushAsync(), Token);
        Assert.Equal(("x", 3), (text, length));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.WebSocketAsync(Echo, async session =>
        {
            await _cancellation.CancelAsync();
            await session.ReceiveAsync();
        }, Token).Soon());
    }

    [Fact]
    public async Task ReceiveAsync_gives_a_frame_and_null_after_a_normal_end()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(new Uri(server["ws"], "/greet"), Token);
        Assert.Equal("||", Assert.IsType<Frame.Text>(await session.ReceiveAsync(Token).Soon()).ReadText());
        Assert.Null(await session.ReceiveAsync(Token).Soon());
        Assert.Equal(4001, (int)(await session.CloseReason.Soon()).Code);

        await using ClientWebSocketSession raw = await _client.WebSocketRawSessionAsync(Echo);
        await raw.SendAsync("raw", Token);
        Assert.Equal(3, (await raw.ReceiveAsync(Token).Soon())!.Data.Length);
        await _cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => raw.ReceiveAsync(Token).Soon());
        Assert.Equal(WebSocketSessionState.Open, raw.State);
    }

    [Fact]
    public async Task ReceiveAsync_throws_after_a_lost_connection()
    {
        using var server = new RawServer();
        Task<DefaultClientWebSocketSession> opening = _client.WebSocketSessionAsync(server.Uri, Token);
        using RawPeer peer = await server.AcceptAsync();
        await peer.WriteAsync(peer.Accept());
        await using DefaultClientWebSocketSession session = await opening.Soon();

        peer.Reset();

        var error = await Assert.ThrowsAsync<WebSocketClosedException>(() => session.ReceiveAsync(Token).Soon());
        Assert.IsAssignableFrom<IOException>(error.InnerException);
    }

    [Fact]
    public async Task ReceiveTextAsync_gives_a_text_and_null_after_a_normal_end()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        await session.SendAsync("x", Token);
        await session.SendAsync(_bytes, Token);
        Task<CloseResult> closing = session.CloseAsync(Token);

        Assert.Equal("x", await session.ReceiveTextAsync(Token).Soon());
        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => session.ReceiveTextAsync(Token).Soon());
        Assert.Equal(_bytes, error.Frame!.ReadBytes());
        Assert.Null(await session.ReceiveTextAsync(Token).Soon());
        Assert.True((await closing.Soon()).WasClean);
    }

    [Fact]
    public async Task SendTextAsync_takes_a_string()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        await session.SendTextAsync("x");
        await session.SendTextAsync("x", Token);

        Assert.Equal(("x", "x"), (await session.ReceiveTextAsync().Soon(), await session.ReceiveTextAsync().Soon()));
    }

    [Fact]
    public async Task SendTextAsync_takes_UTF_8()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        await session.SendTextAsync("x"u8.ToArray());

        Assert.Equal("x", await session.ReceiveTextAsync().Soon());
    }

    [Fact]
    public async Task SendBinaryAsync_takes_bytes()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        await session.SendBinaryAsync(_bytes);

        Assert.Equal(_bytes, Assert.IsType<Frame.Binary>(await session.ReceiveAsync().Soon()).ReadBytes());
    }

    [Fact]
    public async Task SendAsync_takes_memory_and_its_type()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        ReadOnlyMemory<byte> memory = "x"u8.ToArray();

        await session.SendAsync(memory, FrameType.Text);
        await session.SendAsync(memory, FrameType.Binary, Token);

        Assert.Equal(FrameType.Text, (await session.ReceiveAsync().Soon())!.Type);
        Assert.Equal(FrameType.Binary, (await session.ReceiveAsync().Soon())!.Type);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => session.SendAsync(memory, FrameType.Ping).Soon());
    }

    [Fact]
    public async Task SendAsync_takes_options_without_a_token()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Deflate, request => request.Compression = new PerMessageDeflateOptions());

        await session.SendAsync(new string('x', 1000), SendOptions.Untransformed);
        await session.SendAsync(new string('x', 1000), new SendOptions { Transform = SendTransform.Always }, Token);

        Assert.Equal(1000, (await session.ReceiveTextAsync().Soon())!.Length);
        Assert.Equal(1000, (await session.ReceiveTextAsync().Soon())!.Length);
        Assert.Equal(1000, session.Extension<PerMessageDeflate>().SentBytes);
    }

    [Fact]
    public async Task Compression_of_a_request_is_its_own_choice()
    {
        using HttpClient compressing = Clients.Create(ws => ws.Extensions.InstallPerMessageDeflate());

        await using DefaultClientWebSocketSession off = await compressing.WebSocketSessionAsync(Deflate, request => request.Compression = null);
        await using DefaultClientWebSocketSession on = await compressing.WebSocketSessionAsync(Deflate, Token);
        await using DefaultClientWebSocketSession own = await _client.WebSocketSessionAsync(
            Deflate, request => request.Compression = new PerMessageDeflateOptions { ClientContextTakeover = false });

        Assert.Empty(off.Extensions);
        Assert.True(on.Extension<PerMessageDeflate>().ClientContextTakeover);
        Assert.False(own.Extension<PerMessageDeflate>().ClientContextTakeover);
        await Assert.ThrowsAsync<ArgumentException>(() => _client.WebSocketRawSessionAsync(Deflate, request => request.Compression = new PerMessageDeflateOptions()).Soon());
    }

    [Fact]
    public async Task CloseAsync_takes_a_code_and_a_text()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        CloseResult end = await session.CloseAsync(CloseCode.NormalClosure, "bye").Soon();

        Assert.Equal((true, new CloseReason(CloseCode.NormalClosure, "bye")), (end.WasClean, end.Sent));
    }

    [Fact]
    public async Task CloseAsync_takes_a_code_of_ones_own()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        CloseResult end = await session.CloseAsync((CloseCode)4000, "bye", Token).Soon();

        Assert.Equal(new CloseReason(4000, "bye"), end.Received);
    }

    [Fact]
    public async Task CloseReason_takes_a_number()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        int code = 4000;

        CloseResult end = await session.CloseAsync(new CloseReason(code, "bye"), Token).Soon();

        Assert.Equal(new CloseReason(4000, "bye"), end.Received);
    }

    [Fact]
    public async Task CloseReason_Truncated_cuts_the_text()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        CloseResult end = await session.CloseAsync(CloseReason.Truncated(CloseCode.GoingAway, new string('é', 100)), Token).Soon();

        Assert.Equal(new string('é', 61), end.Received!.Message);
    }

    [Fact]
    public async Task CloseAsync_takes_a_token_alone()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        Assert.Equal(CloseReason.Normal, (await session.CloseAsync(Token).Soon()).Sent);
    }

    [Fact]
    public async Task CloseAsync_takes_null_for_no_reason()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);

        Assert.Equal(CloseReason.Normal, (await session.CloseAsync(null, Token).Soon()).Sent);
        Assert.Equal(CloseReason.Normal, (await session.CloseAsync(null).Soon()).Sent);
    }

    [Fact]
    public async Task CloseWithErrorAsync_takes_the_exception()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        var error = new FormatException();

        CloseResult end = await session.CloseWithErrorAsync(error, Token).Soon();

        Assert.Equal((CloseCode.InternalError, "", error), (end.Sent!.Code, end.Sent.Message, end.Error));
    }

    [Fact]
    public async Task SendAsJsonAsync_and_ReceiveFromJsonAsync_are_those_of_System_Net_Http_Json()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        var tick = new Tick("EURUSD", 1.5);

        await session.SendAsJsonAsync(tick, Token);
        await session.SendAsJsonAsync(tick, JsonSerializerOptions.Web, Token);
        await session.SendAsJsonAsync(tick, TickJson.Default.Tick, Token);

        Assert.Equal(tick, await session.ReceiveFromJsonAsync<Tick>(Token).Soon());
        Assert.Equal(tick, await session.ReceiveFromJsonAsync<Tick>(JsonSerializerOptions.Web, Token).Soon());
        Assert.Equal(tick, await session.ReceiveFromJsonAsync(TickJson.Default.Tick, Token).Soon());
        await session.CloseAsync(Token).Soon();
        await Assert.ThrowsAsync<WebSocketClosedException>(() => session.ReceiveFromJsonAsync<int>(Token).Soon());
    }

    [Fact]
    public async Task ReceiveAllFromJsonAsync_gives_all_values_to_the_end()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        for (int i = 1; i <= 3; i++)
            await session.SendAsJsonAsync(i);
        Task<CloseResult> closing = session.CloseAsync(Token);

        int sum = 0;
        await foreach (int value in session.ReceiveAllFromJsonAsync<int>(Token))
            sum += value;

        Assert.Equal(6, sum);
        await closing.Soon();
    }

    [Fact]
    public async Task A_pattern_takes_the_text_out_of_a_frame()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Token);
        await session.SendAsync("x", Token);
        await session.SendAsync(_bytes, Token);
        Task<CloseResult> closing = session.CloseAsync(Token);

        var received = new List<string>();
        await foreach (Frame frame in session.Incoming)
        {
            switch (frame)
            {
                case Frame.Text(var text):
                    received.Add(text);
                    break;
                case Frame.Binary(var data):
                    received.Add($"{data.Length} bytes");
                    break;
            }
        }

        Assert.Equal(["x", "3 bytes"], received);
        await closing.Soon();
    }

    [Fact]
    public async Task A_new_Ping_needs_no_payload()
    {
        await using ClientWebSocketSession session = await _client.WebSocketRawSessionAsync(Echo);

        await session.SendAsync(new Frame.Ping());

        Assert.Equal(FrameType.Pong, (await session.ReceiveAsync(Token).Soon())!.Type);
        await session.SendAsync(new Frame.Pong());
    }

    [Fact]
    public async Task Subprotocol_Response_and_Id_are_the_sessions()
    {
        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, request => request.Subprotocols.Add("echo.v1"), Token);
        await using ClientWebSocketSession raw = await _client.WebSocketRawSessionAsync(Echo, cancellationToken: Token);

        Assert.Equal(("echo.v1", 101), (session.Subprotocol, (int)session.Response!.StatusCode));
        Assert.Equal((null, 101), (raw.Subprotocol, (int)raw.Response!.StatusCode));
        Assert.NotEqual(session.Id, raw.Id);
    }

    [Fact]
    public async Task ChannelConfig_Bounded_takes_frames_alone()
    {
        using HttpClient client = Clients.Create(ws => ws.Channels.Incoming = ChannelConfig.Bounded(100));
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(Echo, Token);

        await session.SendAsync("x", Token);

        Assert.Equal("x", await session.ReceiveTextAsync(Token).Soon());
    }

    [Fact]
    public async Task RequireSubprotocol_fails_a_handshake_that_chooses_none()
    {
        using var silent = new RawServer();
        Task<DefaultClientWebSocketSession> opening = _client.WebSocketSessionAsync(silent.Uri, Require, Token);
        using RawPeer peer = await silent.AcceptAsync();
        await peer.WriteAsync(peer.Accept());
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => opening.Soon());
        Assert.Equal(HandshakeCheck.Subprotocol, error.Check);
        Assert.Contains("RequireSubprotocol", error.Message, StringComparison.Ordinal);

        await using DefaultClientWebSocketSession session = await _client.WebSocketSessionAsync(Echo, Require, Token);
        Assert.Equal("echo.v1", session.Subprotocol);
        await Assert.ThrowsAsync<ArgumentException>(() => _client.WebSocketSessionAsync(Echo, request => request.RequireSubprotocol = true, Token).Soon());

        static void Require(WebSocketRequest request)
        {
            request.Subprotocols.Add("echo.v1");
            request.RequireSubprotocol = true;
        }
    }

    private Uri Deflate => new(server["ws"], "/deflate");

    internal sealed record Tick(string Symbol, double Price);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(Tick))]
    internal sealed partial class TickJson : JsonSerializerContext;
}
