using System.Net.Sockets;
using System.Security.Authentication;
using CsCheck;

namespace Duplex.Tests;

/// <summary>A token may fire at any moment of a handshake or of a close: what is left is a usable session or a clean end, and no socket.</summary>
public sealed class CancellationTests
{
    // Enough for every cut of an answer of about 130 bytes to meet every kind of moment now and then, and done within seconds.
    private const int Samples = 150;

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_connect_that_is_cancelled_at_any_moment_leaves_a_session_or_a_cancellation(Transport transport)
    {
        int opened = 0, cancelled = 0;

        // In how many pieces the answer comes, before which of them the token fires, and how long somebody else dawdles there.
        await Gen.Select(Gen.Int[1, 8], Gen.Int[-2, 9], Gen.Int[0, 3000]).SampleAsync(async (pieces, moment, spins) =>
        {
            var sockets = new CountedSockets();
            using CancellationTokenSource source = new(), over = new();
            using RawServer server = await RawServer.ListenAsync(transport);
            using HttpClient client = sockets.CreateClient().For(transport);

            Task<DefaultClientWebSocketSession> opening = client.WebSocketSessionAsync(server.Uri, cancellationToken: source.Token);
            Task<bool> serving = transport.IsHttp2() ? ServeOverHttp2Async(server, pieces, Step, over.Token) : ServeAsync(server, pieces, Step, over.Token);
            DefaultClientWebSocketSession? session = null;
            try
            {
                session = await opening.Soon();
                Assert.Equal("a", Assert.IsType<Frame.Text>(await session.Incoming.ReadAsync().Soon()).ReadText());
                await session.SendAsync("usable");
                opened++;
            }
            catch (OperationCanceledException e) when (session is null)
            {
                Assert.Equal(source.Token, e.CancellationToken);
                cancelled++;
            }

            if (session is not null)
            {
                session.Abort();
                await session.DisposeAsync().Soon();
            }

            // The stream ends without its connection. That is not counted: where the token fires just as the answer comes, the platform resets the stream, but keeps its place in the
            // connection, which outlives its client then. Seen without the plugin, too, in one of 50 cancellations.
            if (transport.IsHttp2())
            {
                await over.CancelAsync();
                await serving.Soon();
                return;
            }

            // A connection over which no request went is HttpClient's, for its next one. (Disposed in the very moment when such a one is established, HttpClient forgets it,
            // with a plugin or without: seen in one of some thousand cancellations under load. So these are not counted.)
            client.Dispose();
            server.Dispose();
            await over.CancelAsync();
            bool requested = await serving.Soon();
            if (requested)
                await sockets.AreClosedAsync();

            void Step(int at)
            {
                if (at == moment)
                    _ = Task.Run(() => Cancel(source, spins));
            }
        }, iter: Samples, threads: 1);

        Assert.True(opened > 0 && cancelled > 0, $"{opened} opened, {cancelled} cancelled");
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task A_close_whose_wait_is_cancelled_at_any_moment_goes_on_to_a_clean_end(Transport transport)
    {
        int waited = 0, cancelled = 0;

        // Where the peer's Close is cut, before which step the token fires, and how long somebody else dawdles there.
        await Gen.Select(Gen.Int[1, 5], Gen.Int[0, 5], Gen.Int[0, 3000]).SampleAsync(async (cut, moment, spins) =>
        {
            await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport);
            using var source = new CancellationTokenSource();
            At(0);
            await test.Session.SendAsync("last words");
            Task<CloseResult> closing = test.Session.CloseAsync(new CloseReason((CloseCode)4000, "bye"), source.Token);
            Task<CloseResult> another = test.Session.CloseAsync();
            At(1);
            Assert.Equal("last words", Assert.IsType<Frame.Text>(await test.Peer.ReceiveAsync()).ReadText());
            Assert.Equal("bye", Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Message);
            At(2);
            byte[] close = Convert.FromHexString("88040fa16f6b");
            await test.Peer.WriteAsync(close.AsMemory(0, cut));
            At(3);
            await test.Peer.WriteAsync(close.AsMemory(cut));
            At(4);
            await test.Peer.EndAsync();
            try
            {
                Assert.True((await closing.Soon()).WasClean);
                waited++;
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(source.Token, e.CancellationToken);
                cancelled++;
            }

            CloseResult end = await test.Session.Completion.Soon();
            Assert.Equal(new CloseResult { Sent = new((CloseCode)4000, "bye"), Received = new((CloseCode)4001, "ok"), Initiator = CloseInitiator.Local, WasClean = true }, end);
            Assert.Equal(end, await another.Soon());
            Assert.False(await test.Session.Incoming.WaitToReadAsync().Soon());
            Assert.Null(await test.Peer.ReceiveAsync());

            void At(int step)
            {
                if (step == moment)
                    _ = Task.Run(() => Cancel(source, spins));
            }
        }, iter: Samples, threads: 1);

        Assert.True(waited > 0 && cancelled > 0, $"{waited} waited, {cancelled} cancelled");
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Sends_and_receives_that_are_cancelled_at_any_moment_tear_no_frame(Transport transport)
    {
        await using SessionOverHttp<DefaultClientWebSocketSession> test = await SessionOverHttp.DefaultAsync(transport);
        Task<List<Frame>> receiving = ReceiveAsync(test.Peer);
        var staged = new List<int>();

        await Gen.Select(Gen.Int[1, 200_000], Gen.Int[0, 500], Gen.Bool).SampleAsync(async (length, spins, receives) =>
        {
            using var source = new CancellationTokenSource();
            Task cancelling = Task.Run(() => Cancel(source, spins));
            try
            {
                if (receives)
                {
                    await test.Session.Incoming.ReadAsync(source.Token).Soon();
                    Assert.Fail("Nothing was sent.");
                }

                await test.Session.SendAsync(new byte[length], source.Token).Soon();
                staged.Add(length);
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(source.Token, e.CancellationToken);
            }

            await cancelling;
        }, iter: Samples, threads: 1);

        await test.Peer.WriteHexAsync("81 01 61");
        Assert.Equal("a", Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon()).ReadText());
        Task<CloseResult> closing = test.Session.CloseAsync();
        List<Frame> frames = await receiving.Soon();
        await test.Peer.WriteHexAsync("88 02 03e8");
        await test.Peer.EndAsync();
        Assert.True((await closing.Soon()).WasClean);
        Assert.Equal(staged, frames.SkipLast(1).Select(frame => frame.Data.Length)); // what was cancelled never came, and all else whole
        Assert.IsType<Frame.Close>(frames[^1]);
    }

    // What a server does until its client is gone, or the test over; whether it got a request.
    private static async Task<bool> ServeAsync(RawServer server, int pieces, Action<int> step, CancellationToken over)
    {
        bool requested = false;
        try
        {
            step(-2);
            using Socket socket = await server.AcceptSocketAsync();
            using CancellationTokenRegistration registration = over.Register(socket.Dispose);
            step(-1);
            using RawPeer peer = await server.ReceiveRequestAsync(socket);
            requested = peer.Request.EndsWith("\r\n\r\n", StringComparison.Ordinal);
            if (!requested)
                return false; // cancelled before it was sent
            string answer = peer.Accept() + "\u0081\u0001a";
            for (int i = 0; i < pieces; i++)
            {
                step(i);
                await peer.WriteAsync(answer[(answer.Length * i / pieces)..(answer.Length * (i + 1) / pieces)]);
            }

            step(pieces);
            await peer.IsReleasedAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or AuthenticationException)
        {
            // The client is gone, or the server.
        }

        return requested;
    }

    // The same over HTTP/2, where the answer is one frame of HTTP/2: what is cut is the message behind it.
    private static async Task<bool> ServeOverHttp2Async(RawServer server, int pieces, Action<int> step, CancellationToken over)
    {
        bool requested = false;
        try
        {
            step(-2);
            using RawPeer peer = await server.AcceptAsync().WaitAsync(over);
            requested = true;
            step(-1);
            await peer.UpgradeAsync();
            byte[] message = [0x81, 1, (byte)'a'];
            for (int i = 0; i < pieces; i++)
            {
                step(i);
                await peer.WriteAsync(message.AsMemory((message.Length * i / pieces)..(message.Length * (i + 1) / pieces)));
            }

            step(pieces);
            await peer.IsReleasedAsync(); // whatever becomes of the client
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or the test over.
        }

        return requested;
    }

    private static async Task<List<Frame>> ReceiveAsync(RawPeer peer)
    {
        var frames = new List<Frame>();
        while (frames is not [.., Frame.Close] && await peer.ReceiveAsync() is { } frame)
            frames.Add(frame);
        return frames;
    }

    private static void Cancel(CancellationTokenSource source, int spins)
    {
        Thread.SpinWait(spins);
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // Too late.
        }
    }
}
