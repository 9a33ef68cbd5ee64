namespace Duplex.Tests;

/// <summary>The closing rules over real connections.</summary>
/// <remarks>
/// These rows run only here, because they are about an HttpClient: rows 2, 3 and 18 in the form with a block, and
/// row 20, its disposal.
/// </remarks>
public abstract class ClosingOverHttpTests(Transport transport) : ClosingTableTests
{
    // Rows 2, 3 and 18 in the form with a block: what ends it, for each kind of session.
    public static MatrixTheoryData<string, SessionKind> Blocks =>
        new(["returns", "throws", "token", "token, and it throws"], Enum.GetValues<SessionKind>());

    [Theory, MemberData(nameof(Blocks))]
    public async Task Rows_2_3_18_a_block_that_ends_closes_and_drops_what_was_not_received(string end, SessionKind kind)
    {
        using var source = new CancellationTokenSource();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<int>? running = null;
        await using OverHttp test = await OverHttp.OpenAsync(transport, (client, uri) =>
        {
            var entered = new TaskCompletionSource<WebSocketSession>(TaskCreationOptions.RunContinuationsAsynchronously);
            running = kind == SessionKind.Raw
                ? client.WebSocketRawAsync(uri, session => Block(session), cancellationToken: source.Token)
                : client.WebSocketAsync(uri, session => Block(session), cancellationToken: source.Token);
            return entered.Task;

            async Task<int> Block(WebSocketSession session)
            {
                entered.SetResult(session);
                await release.Task;
                return end.Contains("throws", StringComparison.Ordinal) ? throw new InvalidDataException("secret") : 42;
            }
        });

        string close = end switch { "returns" => "1000 NormalClosure", "throws" => "1011 InternalError", _ => "1001 GoingAway" };
        if (end.StartsWith("token", StringComparison.Ordinal))
        {
            await source.CancelAsync();
            await test.Until(WebSocketSessionState.Closing); // while the block runs
            Assert.False(running!.IsCompleted);
        }
        else
        {
            release.SetResult();
        }

        Assert.Equal("staged", await test.SentAsync());
        Assert.Equal($"Close({close})", await test.SentAsync());
        await test.SendAsync(Three + TheirClose);
        await test.EndAsync();
        await test.Session.Completion.Soon();
        if (end.StartsWith("token", StringComparison.Ordinal))
            Assert.False(running!.IsCompleted); // the call waits for the block
        release.TrySetResult();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = "WebSocketClosedException",
            Sent = close,
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
            Error = end == "throws" ? nameof(InvalidDataException) : null,
            Discarded = kind == SessionKind.Raw ? 4 : 3, // a raw session receives the Close, too
        });
        switch (end)
        {
            case "returns":
                Assert.Equal(42, await running!.Soon());
                break;
            case "throws":
                Assert.Equal("secret", (await Assert.ThrowsAsync<InvalidDataException>(() => running!.Soon())).Message);
                break;
            default:
                Assert.Equal(source.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running!.Soon())).CancellationToken);
                break;
        }
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task Row_20_an_open_session_outlives_its_client_and_handler(SessionKind kind)
    {
        await using OverHttp test = await OverHttp.OpenAsync(transport, kind);

        test.Inner.Client.Dispose(); // and the handlers below it

        Assert.Equal(1, test.Inner.Sockets.Open);
        await test.Session.SendAsync("alive");
        await test.SendAsync(Three);
        await test.Queued(3);
        Task<CloseResult> closing = test.Session.CloseAsync(Ours);
        foreach (string sent in (string[])["staged", "alive", "Close(4000: bye)"])
            Assert.Equal(sent, await test.SentAsync()); // before the end resets a stream, which may drop what it holds
        await test.SendAsync(TheirClose);
        await closing.Soon();
        await test.EndAsync();

        await AssertEndsAsync(test, new Ending
        {
            Wire = "",
            Incoming = kind == SessionKind.Raw ? "one, two, three, Close(4001: ok), end" : "one, two, three, end",
            Sent = "4000: bye",
            Received = "4001: ok",
            Initiator = CloseInitiator.Local,
            WasClean = true,
        });
    }

    private protected override async Task<ClosingTransport> OpenAsync(
        SessionKind kind, Action<WebSocketsOptions>? configure = null) =>
        await OverHttp.OpenAsync(transport, kind, configure);

    private protected override string LostError => transport.IsHttp2() ? nameof(HttpProtocolException) : base.LostError;

    // Two messages fill the queue: then nothing is read.
    private protected override Action<WebSocketsOptions> OnlyAWriteFails =>
        ws => ws.Channels.Incoming = ChannelConfig.Bounded(2, 1000);

    private sealed class OverHttp(SessionOverHttp<WebSocketSession> inner) : ClosingTransport
    {
        public SessionOverHttp<WebSocketSession> Inner => inner;

        public override WebSocketSession Session => inner.Session;

        public override TestClock Time => inner.Time;

        public override bool HoldsWrites => false;

        public static async Task<OverHttp> OpenAsync(
            Transport transport, SessionKind kind, Action<WebSocketsOptions>? configure = null) =>
            await PreparedAsync(await SessionOverHttp.OpenAsync(kind, transport, configure));

        public static async Task<OverHttp> OpenAsync(Transport transport, Func<HttpClient, Uri, Task<WebSocketSession>> open) =>
            await PreparedAsync(await SessionOverHttp<WebSocketSession>.OpenAsync(transport, open, configure: null));

        public override void TakeAll()
        {
        }

        public override Task SendAsync(string hex) => inner.Peer.WriteHexAsync(hex);

        public override Task EndAsync() => inner.Peer.EndAsync();

        public override async Task<string> SentAsync() => Ending.Describe((await inner.Peer.ReceiveAsync())!);

        public override async Task BreakReadsAsync()
        {
            Assert.Equal("staged", await SentAsync());
            inner.Peer.Reset();
        }

        public override async Task<Exception?> BreakWritesAsync()
        {
            Assert.Equal("staged", await SentAsync());
            inner.Peer.Reset();
            await inner.HasInput();
            Time.Advance(ExtendedConnectStream.Unread); // HTTP/2 asks for a reset then
            Assert.Equal(WebSocketSessionState.Open, Session.State);
            await Session.SendAsync("lost");
            return null;
        }

        // In steps: other threads decide when each timer is armed, and how long after the one before.
        public override Task PassToEndAsync(TimeSpan time, Task end) => Patience.Until(() =>
        {
            Time.Advance(TimeSpan.FromMilliseconds(50));
            return end.IsCompleted;
        });

        public override async Task<Ending> ObserveAsync()
        {
            string wire = inner.Peer.IsReset ? "" : await inner.Peer.ReceiveAllAsync();
            Ending ending = await Ending.ObserveAsync(Session, wire);

            // No buffer leaks, and no timer but one that Task.WaitAsync did not dispose, which fires once more.
            await Patience.Until(() => inner.Pool.Rented == 0); // the test's clock may outrun the stream's own end
            Time.Advance(TimeSpan.FromDays(1));
            Assert.Equal(0, Time.ArmedTimers);
            return ending;
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private static async Task<OverHttp> PreparedAsync(SessionOverHttp<WebSocketSession> inner)
        {
            var test = new OverHttp(inner);
            await test.PrepareAsync();
            return test;
        }
    }
}

/// <summary>The closing rules over TCP.</summary>
public sealed class ClosingOverTcpTests() : ClosingOverHttpTests(Transport.Tcp);

/// <summary>The closing rules over TLS.</summary>
public sealed class ClosingOverTlsTests() : ClosingOverHttpTests(Transport.Tls);

/// <summary>The closing rules over a stream of HTTP/2.</summary>
public sealed class ClosingOverH2cTests() : ClosingOverHttpTests(Transport.H2c);

/// <summary>The closing rules over a stream of HTTP/2 over TLS.</summary>
public sealed class ClosingOverH2Tests() : ClosingOverHttpTests(Transport.H2);
