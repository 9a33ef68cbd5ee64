using CsCheck;

namespace Duplex.Tests;

public sealed class FaultyEnginesTests
{
    [Fact]
    public async Task A_session_gets_every_message_whatever_a_lossless_plan_does()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var time = new ArmedClock();
            var faults = Faults.Random(seed, FaultKinds.Lossless);
            (Stream near, Stream far) = Ends.Create();
            using HttpClient client = Client(Streams(near).WithFaults(faults, time));
            await using DefaultWebSocketSession peer = WebSocketSessions.Create(far, WebSocketRole.Server);
            await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();

            Task exchanged = ExchangeAsync(session, peer);
            await time.PassUntil(exchanged);

            Assert.True(exchanged.IsCompletedSuccessfully, $"{faults}\n{exchanged.Exception}");
            session.Abort();
            peer.Abort();
        }
    }

    [Fact]
    public async Task A_reset_loses_the_session_with_the_faults_exception()
    {
        (Stream near, Stream far) = Ends.Create();
        using HttpClient client = Client(Streams(near).WithFaults(Faults.None.Cut(FaultPoint.AfterReceiving(1))));
        await using DefaultWebSocketSession peer = WebSocketSessions.Create(far, WebSocketRole.Server);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await peer.SendAsync("abc");

        Assert.Equal("abc", await session.ReceiveTextAsync().Soon());
        var error = await Assert.ThrowsAnyAsync<WebSocketException>(() => session.ReceiveTextAsync().Soon());

        Assert.Contains("injected", error.ToString(), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => peer.ReceiveTextAsync().Soon()); // its connection is gone, too
    }

    [Fact]
    public async Task Dropped_pongs_fail_the_keep_alive()
    {
        var time = new ArmedClock();
        (Stream near, Stream far) = Ends.Create();
        using var client = new HttpClient(new WebSocketsHandler(ws =>
        {
            ws.Engine = Streams(near).WithFaults(Faults.None.DropPongs(), time);
            ws.TimeProvider = time;
            ws.PingInterval = TimeSpan.FromSeconds(20);
            ws.PingTimeout = TimeSpan.FromSeconds(8);
        }));
        await using DefaultWebSocketSession peer = WebSocketSessions.Create(far, WebSocketRole.Server, ws => ws.PingInterval = Timeout.InfiniteTimeSpan);
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("ws://host.test/").Soon();

        Task<Exception?> lost = Record.ExceptionAsync(() => session.ReceiveTextAsync().Soon()).AsTask();
        await time.PassUntil(lost);

        Assert.IsAssignableFrom<WebSocketException>(await lost);
    }

    [Fact]
    public async Task Each_connection_has_its_plan_by_number()
    {
        List<int> numbers = [];
        List<Stream> ends = [];
        WebSocketEngine engine = WebSocketEngines.FromStream((_, _) =>
        {
            (Stream near, Stream far) = Ends.Create();
            ends.Add(far);
            return new ValueTask<Stream>(near);
        }).WithFaults(number =>
        {
            numbers.Add(number);
            return number == 0 ? Faults.None.Cut(FaultPoint.Start) : Faults.None;
        });
        using HttpClient client = Client(engine);

        await using DefaultClientWebSocketSession first = await client.WebSocketSessionAsync("ws://host.test/").Soon();
        await using DefaultClientWebSocketSession second = await client.WebSocketSessionAsync("ws://host.test/").Soon();

        Assert.Equal([0, 1], numbers);
        await Assert.ThrowsAnyAsync<WebSocketException>(() => first.ReceiveTextAsync().Soon());
        Assert.Equal(WebSocketSessionState.Open, second.State);
        second.Abort();
    }

    [Fact]
    public async Task Over_any_bytes_and_any_plan_reads_end()
    {
        await Gen.Select(Gen.Int, Gen.Byte.Array[0, 300].Array[1, 4]).SampleAsync(async (seed, chunks) =>
        {
            var time = new ArmedClock();
            var inner = new InnerStream();
            await using var stream = new FaultyStream(inner, Faults.Random(seed, FaultKinds.All), time);
            foreach (byte[] chunk in chunks.Where(chunk => chunk.Length > 0))
                inner.Send(chunk);
            inner.End();

            Task<int> reading = ReadAllAsync(stream);
            await time.PassUntil(reading);

            if (reading.Exception?.InnerException is not IOException)
                Assert.InRange(await reading, 0, chunks.Sum(chunk => chunk.Length));
        }, iter: 200, threads: 1);

        static async Task<int> ReadAllAsync(Stream stream)
        {
            byte[] buffer = new byte[100];
            int sum = 0;
            while (await stream.ReadAsync(buffer) is > 0 and var read)
                sum += read;
            return sum;
        }
    }

    [Fact]
    public void There_must_be_an_engine_and_a_plan()
    {
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Http.WithFaults((Faults)null!));
        Assert.Throws<ArgumentNullException>(() => WebSocketEngines.Http.WithFaults((Func<int, Faults>)null!));
        Assert.Throws<ArgumentNullException>(() => ((WebSocketEngine)null!).WithFaults(Faults.None));
    }

    private static async Task ExchangeAsync(DefaultClientWebSocketSession session, DefaultWebSocketSession peer)
    {
        string filler = new('x', 5000);
        for (int i = 0; i < 5; i++)
        {
            await session.SendAsync($"{i}{filler}");
            Assert.Equal($"{i}{filler}", await peer.ReceiveTextAsync());
            await peer.SendAsync($"answer {i}");
            Assert.Equal($"answer {i}", await session.ReceiveTextAsync());
        }
    }

    private static WebSocketEngine Streams(Stream stream) => WebSocketEngines.FromStream((_, _) => new ValueTask<Stream>(stream));

    private static HttpClient Client(WebSocketEngine engine) => new(new WebSocketsHandler(ws => ws.Engine = engine));
}
