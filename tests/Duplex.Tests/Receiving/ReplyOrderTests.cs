using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Duplex.Tests;

/// <summary>What a consumer answers at once, beside what the session answers by itself: in the order in which the peer asked.</summary>
public sealed class ReplyOrderTests
{
    // What ends a session behind "a" and "b", and the code of our Close.
    public static TheoryData<string, int> Ends => new()
    {
        { "88 02 03 E8", 1000 },
        { "88 00", 1005 },
        { "88 01 03", 1002 }, // half a code
        { "88 02 03 EC", 1002 }, // a code that must not be sent
        { "88 03 03 E8 FF", 1007 }, // a reason that is no UTF-8
        { "C1 01 61", 1002 }, // a reserved bit
        { "83 00", 1002 }, // a reserved opcode
        { "81 81 00 00 00 00 61", 1002 }, // a mask
        { "80 00", 1002 }, // a continuation of nothing
        { "09 00", 1002 }, // a fragmented ping
        { "81 02 C3 28", 1007 },
        { "82 7E 03 E9", 1009 },
    };

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_where_the_consumer_enumerates(string end, int code) => await AnswerAsync(end, code, EnumerateAsync);

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_where_the_consumer_reads(string end, int code) => await AnswerAsync(end, code, ReadAsync);

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_where_the_consumer_waits_and_drains(string end, int code) => await AnswerAsync(end, code, DrainAsync);

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_where_the_consumer_receives_streams(string end, int code) => await AnswerAsync(end, code, StreamsAsync, ReceiveMode.Streams);

    [Theory]
    [InlineData("88 02 03E8", "re a", 1000)]
    [InlineData("81 01 62 88 02 03E8", "re a, re b", 1000)]
    [InlineData("83 00", "re a", 1002)]
    [InlineData("81 01 62 83 00", "re a, re b", 1002)]
    public async Task An_answer_to_a_lone_message_goes_out_before_our_close_though_the_end_is_read_meanwhile(string next, string answers, int code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Task answering = AnswerAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("81 01 61");

        foreach (string answer in answers.Split(", "))
            Assert.Equal(answer, await test.SentAsync());
        Assert.Equal(code, (int)Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        test.Peer.SendEof();
        await Task.WhenAny(answering).Soon();

        async Task AnswerAsync()
        {
            while (await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false))
            {
                while (test.Session.Incoming.TryRead(out Frame? frame))
                {
                    string text = ((Frame.Text)frame).ReadText();
                    frame.Recycle();
                    if (text == "a")
                    {
                        test.Peer.SendHex(next);
                        SpinUntilTheEndWaits(test);
                    }

                    Assert.True(test.Session.SendAsync($"re {text}").IsCompletedSuccessfully);
                }
            }
        }
    }

    [Theory]
    [InlineData("81 01 62 88 02 03E8", 1000)]
    [InlineData("81 01 62 83 00", 1002)]
    public async Task An_answer_goes_out_before_our_close_though_its_consumer_had_only_begun_to_wait(string next, int code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        test.Time.Advance(TimeSpan.FromSeconds(1));
        var answered = new TaskCompletionSource();
        ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter first = Wait();
        first.UnsafeOnCompleted(() =>
        {
            Take();
            ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter second = Wait();
            test.Peer.SendHex(next);
            SpinUntilTheEndWaits(test);
            second.UnsafeOnCompleted(() =>
            {
                Take();
                Assert.True(test.Session.SendAsync("re b").IsCompletedSuccessfully);
                answered.SetResult();
            });
        });
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("81 01 61");

        Assert.Equal("re b", await test.SentAsync());
        Assert.Equal(code, (int)Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync()).ReadReason()!.Code);
        test.Peer.SendEof();
        await answered.Task.Soon();

        // An await looks first, and registers later.
        ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter Wait()
        {
            ConfiguredValueTaskAwaitable<bool>.ConfiguredValueTaskAwaiter wait = test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false).GetAwaiter();
            Assert.False(wait.IsCompleted);
            return wait;
        }

        void Take()
        {
            Assert.True(test.Session.Incoming.TryRead(out Frame? frame));
            frame.Recycle();
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_consumer_of_a_lone_message_may_wait_for_the_end_that_it_begins_without_leaving_its_thread(bool peerFirst)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { CloseTimeout = Timeout.InfiniteTimeSpan });
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Task<CloseResult> closing = CloseAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("81 01 61");
        if (!peerFirst)
        {
            Assert.StartsWith("Close(1000", await test.SentAsync(), StringComparison.Ordinal);
            test.Peer.SendClose(CloseReason.Normal);
        }

        Assert.True((await closing.Soon()).WasClean);
        test.Peer.SendEof();

        async Task<CloseResult> CloseAsync()
        {
            await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            Assert.True(test.Session.Incoming.TryRead(out Frame? frame));
            frame.Recycle();
            if (peerFirst)
            {
                test.Peer.SendClose(CloseReason.Normal);
                SpinUntilTheEndWaits(test);
            }

            Task<CloseResult> closing = test.Session.CloseAsync();
            Assert.True(closing.Wait(TimeSpan.FromSeconds(30)));
            return await closing;
        }
    }

    [Fact]
    public async Task A_consumer_of_a_lone_message_that_keeps_its_thread_delays_the_end_by_half_a_second()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        using var gate = new ManualResetEventSlim();
        test.Time.Advance(TimeSpan.FromSeconds(1));
        Task consuming = BlockAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("81 01 61");
        await Patience.Until(() => test.Session.Incoming.Count == 0 && test.Peer.IsDrained);
        test.Peer.SendClose(CloseReason.Normal);

        Assert.StartsWith("Close(1000", await test.SentAsync(), StringComparison.Ordinal);
        test.Peer.SendEof();
        Assert.True((await test.Session.Completion.Soon()).WasClean);
        Assert.False(consuming.IsCompleted);
        gate.Set();
        await consuming.Soon();

        async Task BlockAsync()
        {
            await test.Session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            Assert.True(test.Session.Incoming.TryRead(out Frame? frame));
            frame.Recycle();
            gate.Wait(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_consumer_of_a_lone_piece_that_reads_the_rest_on_its_thread_does_not_delay_the_end()
    {
        // A busy machine may be slow once: without the rule each of them takes half a second.
        TimeSpan fastest = TimeSpan.MaxValue;
        for (int i = 0; i < 20 && fastest > TimeSpan.FromSeconds(0.25); i++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { ReceiveMode = ReceiveMode.Streams });
            test.Time.Advance(TimeSpan.FromSeconds(1));
            using var reads = new ManualResetEventSlim();
            Task consuming = ConsumeAsync();
            await Patience.Until(() => test.Peer.IsDrained);
            test.Peer.SendHex("02 01 61");
            await Task.Run(() => reads.Wait(TestContext.Current.CancellationToken));
            await Patience.Until(() => test.Peer.IsDrained);

            long began = Stopwatch.GetTimestamp();
            test.Peer.SendClose(CloseReason.Normal);
            Assert.StartsWith("Close(1000", await test.SentAsync(), StringComparison.Ordinal);
            fastest = Stopwatch.GetElapsedTime(began);
            test.Peer.SendEof();
            await Assert.ThrowsAsync<WebSocketClosedException>(() => consuming).Soon();

            async Task ConsumeAsync()
            {
                await foreach (WebSocketMessageStream message in test.Session.ReceiveStreamsAsync().ConfigureAwait(false))
                {
                    byte[] one = new byte[1];
                    Assert.Equal(1, message.Read(one));
                    reads.Set();
                    message.ReadExactly(one);
                }
            }
        }

        Assert.InRange(fastest, TimeSpan.Zero, TimeSpan.FromSeconds(0.25));
    }

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_although_the_read_ends_on_a_foreign_thread(string end, int code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(OneKilobyte);
        Task answering = EnumerateAsync(test.Session);
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.CompletesReadsInline = true;
        var foreign = new Thread(() => test.Peer.SendHex(Messages + end));
        foreign.Start();
        foreign.Join();

        await AssertAnsweredAsync(test, code);
        await answering.Soon();
    }

    [Theory, MemberData(nameof(Ends))]
    public async Task Answers_go_out_before_our_close_although_the_read_ends_within_another_consumer(string end, int code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(OneKilobyte);
        await using SessionUnderTest<DefaultWebSocketSession> other = SessionUnderTest.Default();
        Task answering = EnumerateAsync(test.Session);
        await Patience.Until(() => test.Peer.IsDrained);
        test.Peer.CompletesReadsInline = true;

        Task bridging = BridgeAsync();
        other.Peer.SendFrame(Opcode.Text, "go"u8);

        await bridging.Soon();
        await AssertAnsweredAsync(test, code);
        await answering.Soon();

        async Task BridgeAsync()
        {
            Frame frame = await other.Session.Incoming.ReadAsync().ConfigureAwait(false);
            frame.Recycle();
            test.Peer.SendHex(Messages + end);
        }
    }

    [Theory, InlineData(63), InlineData(64), InlineData(65), InlineData(200)]
    public async Task Answers_go_out_before_our_close_however_many_batches_a_read_on_a_foreign_thread_holds(int messages)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        Task answering = EnumerateAsync(test.Session);
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.CompletesReadsInline = true;
        var foreign = new Thread(() => test.Peer.SendHex(string.Concat(Enumerable.Repeat("81 01 61", messages)) + "88 02 03 E8"));
        foreign.Start();
        foreign.Join();

        for (int i = 0; i < messages; i++)
            Assert.Equal("answer a", await test.SentAsync());
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendEof();
        await answering.Soon();
    }

    [Fact]
    public async Task The_answer_to_a_message_after_one_that_is_skipped_goes_out_before_our_close()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams();
        Task answering = SkipAndAnswerAsync();
        test.Peer.SendHex("01 01 61");
        await Patience.Until(() => test.Peer.IsDrained && test.Peer.ReadSizes.Count > 2);

        test.Peer.SendHex("80 01 62  81 01 63  88 02 03 E8"); // the rest of the first, the second, a Close

        Assert.Equal("answer", await test.SentAsync());
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendEof();
        await answering.Soon();

        async Task SkipAndAnswerAsync()
        {
            await test.Session.ReceiveStreamAsync().ConfigureAwait(false);
            using WebSocketMessageStream? second = await test.Session.ReceiveStreamAsync().ConfigureAwait(false);
            await test.Session.SendAsync("answer").ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task A_ping_that_falls_due_puts_no_close_before_an_answer()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { PingInterval = TimeSpan.FromSeconds(20) });
        Task answering = AnswerAsync();
        await Patience.Until(() => test.Peer.IsDrained);

        test.Peer.SendHex("81 01 61  88 02 03 E8");

        await answering.Soon();
        Assert.Equal("Ping", (await test.Peer.ReceiveAsync()).Type.ToString());
        Assert.Equal("answer", await test.SentAsync());
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendEof();

        async Task AnswerAsync()
        {
            (await test.Session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            test.Time.Advance(TimeSpan.FromSeconds(20)); // keep-alive looks, and asks for the loop to go on
            await test.Session.SendAsync("answer").ConfigureAwait(false);
        }
    }

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task A_close_of_the_consumers_own_is_first_where_it_answers_with_one(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);
        Task<CloseResult> closing = CloseAfterFirstAsync();

        test.Peer.SendHex("81 01 61  88 02 03 E8");
        test.Peer.SendEof();

        CloseResult result = await closing.Soon();
        Assert.Equal("Close(4000: mine)", await test.SentAsync());
        Assert.Equal((CloseInitiator.Local, "4000: mine", "1000 NormalClosure", true), (result.Initiator, $"{result.Sent}", $"{result.Received}", result.WasClean));

        async Task<CloseResult> CloseAfterFirstAsync()
        {
            Frame frame = await test.Session.Incoming.ReadAsync().ConfigureAwait(false);
            frame.Recycle();
            Assert.Equal(WebSocketSessionState.Open, test.Session.State);
            return await test.Session.CloseAsync(new CloseReason((CloseCode)4000, "mine")).ConfigureAwait(false);
        }
    }

    [Fact]
    public async Task A_raw_session_shows_the_close_together_with_its_effect()
    {
        await using SessionUnderTest<RawWebSocketSession> test = SessionUnderTest.Raw();
        var seen = new List<string>();
        Task watching = WatchAsync();

        test.Peer.SendHex("81 01 61  89 00  88 02 03 E8");
        await watching.Soon();

        Assert.Equal(["a Open", "Ping() Open", "Close(1000 NormalClosure) PeerClosing"], seen);

        async Task WatchAsync()
        {
            await foreach (Frame frame in test.Session.Incoming.ConfigureAwait(false))
            {
                seen.Add($"{Ending.Describe(frame)} {test.Session.State}");
                frame.Recycle();
            }
        }
    }

    [Fact]
    public async Task A_consumer_that_blocks_its_thread_holds_neither_a_close_nor_a_violation_up_for_ever()
    {
        foreach (string end in (string[])["88 02 03 E8", "83 00"])
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
            using var gate = new ManualResetEventSlim();
            Task blocking = BlockAsync(test.Session, gate);

            test.Peer.SendHex("81 01 61" + end);
            test.Peer.SendEof();
            await test.Session.Completion.Soon();

            Assert.False(blocking.IsCompleted);
            gate.Set();
            await blocking.Soon();
        }

        static async Task BlockAsync(WebSocketSession session, ManualResetEventSlim gate)
        {
            await session.Incoming.WaitToReadAsync().ConfigureAwait(false);
            gate.Wait();
        }
    }

    [Theory, InlineData(ReceiveMode.Messages), InlineData(ReceiveMode.Streams)]
    public async Task A_pong_goes_before_the_answer_to_what_came_after_its_ping(ReceiveMode mode)
    {
        // Without the rule the answer was first in about half of the rounds.
        for (int round = 0; round < 100; round++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => settings with { ReceiveMode = mode });
            Task answering = mode == ReceiveMode.Streams ? StreamsAsync(test.Session) : EnumerateAsync(test.Session);

            test.Peer.SendHex("01 01 61  89 01 07  80 01 62"); // a fragment, a ping, and the last fragment
            Assert.Equal("Pong(07)", await test.SentAsync());
            Assert.Equal("answer ab", await test.SentAsync());

            test.Session.Abort();
            await answering.Soon();
        }
    }

    [Fact]
    public async Task Owed_pongs_go_before_a_frame_of_any_sender_and_between_the_fragments_of_a_streamed_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        await test.Session.SendAsync(new Frame.Text(fin: false, "one"u8.ToArray()));
        Assert.Equal("one...", await test.SentAsync());
        Task answering = AnswerAsync();

        test.Peer.SendHex("89 01 07  81 01 61");

        Assert.Equal("Pong(07)", await test.SentAsync());
        Assert.Equal("two", await test.SentAsync());
        await answering.Soon();

        async Task AnswerAsync()
        {
            (await test.Session.Incoming.ReadAsync().ConfigureAwait(false)).Recycle();
            await test.Session.SendAsync(new Frame.Text(fin: true, "two"u8.ToArray())).ConfigureAwait(false);
        }
    }

    private const string Messages = "81 01 61  81 01 62  ";

    private static SessionSettings OneKilobyte(SessionSettings settings) => settings with { Connection = settings.Connection with { MaxFrameSize = 1000 } };

    private static async Task AnswerAsync(string end, int code, Func<DefaultWebSocketSession, Task> consume, ReceiveMode mode = ReceiveMode.Messages)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => OneKilobyte(settings) with { ReceiveMode = mode });
        Task answering = consume(test.Session);

        test.Peer.SendHex(Messages + end);

        await AssertAnsweredAsync(test, code);
        await answering.Soon();
    }

    private static async Task AssertAnsweredAsync(SessionUnderTest<DefaultWebSocketSession> test, int code)
    {
        Assert.Equal("answer a", await test.SentAsync());
        Assert.Equal("answer b", await test.SentAsync());
        var close = Assert.IsType<Frame.Close>(await test.Peer.ReceiveAsync());
        Assert.Equal(code, (int)(close.ReadReason() ?? CloseReason.NoStatus).Code);
        test.Peer.SendEof();
        CloseResult result = await test.Session.Completion.Soon();
        Assert.Equal(code is 1000 or 1005 ? CloseInitiator.Remote : CloseInitiator.Local, result.Initiator);
    }

    private static async Task EnumerateAsync(DefaultWebSocketSession session)
    {
        try
        {
            await foreach (Frame frame in session.Incoming.ConfigureAwait(false))
                await AnswerAsync(session, frame).ConfigureAwait(false);
        }
        catch (WebSocketException)
        {
        }
    }

    private static async Task ReadAsync(DefaultWebSocketSession session)
    {
        try
        {
            while (true)
                await AnswerAsync(session, await session.Incoming.ReadAsync().ConfigureAwait(false)).ConfigureAwait(false);
        }
        catch (WebSocketException)
        {
        }
    }

    private static async Task DrainAsync(DefaultWebSocketSession session)
    {
        try
        {
            while (await session.Incoming.WaitToReadAsync().ConfigureAwait(false))
            {
                while (session.Incoming.TryRead(out Frame? frame))
                    await AnswerAsync(session, frame).ConfigureAwait(false);
            }
        }
        catch (WebSocketException)
        {
        }
    }

    private static async Task StreamsAsync(DefaultWebSocketSession session)
    {
        try
        {
            await foreach (WebSocketMessageStream message in session.ReceiveStreamsAsync().ConfigureAwait(false))
            {
                using var text = new StreamReader(message, Encoding.UTF8);
                await session.SendAsync($"answer {await text.ReadToEndAsync().ConfigureAwait(false)}").ConfigureAwait(false);
            }
        }
        catch (WebSocketException)
        {
        }
    }

    private static async ValueTask AnswerAsync(DefaultWebSocketSession session, Frame frame)
    {
        string answer = $"answer {Ending.Describe(frame)}";
        frame.Recycle();
        await session.SendAsync(answer).ConfigureAwait(false);
    }

    // The loop has read it, on another thread, and stands still.
    private static void SpinUntilTheEndWaits(SessionUnderTest<DefaultWebSocketSession> test) =>
        Assert.True(SpinWait.SpinUntil(() => test.Session.SightReceiving().IsPaused, Patience.Limit));
}
