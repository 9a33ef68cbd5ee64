using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Duplex.Tests;

public sealed class MessageReaderTests
{
    private const string Hello = "81 05 48656c6c6f";

    [Fact]
    public async Task Messages_come_as_views_in_order_whether_whole_or_in_fragments()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 82 00 01 02 6162 89 01 70 80 01 63 82 7e 00c8" + new string('7', 400));

        Assert.Equal("Text Hello", await ReadAsync(test));
        Assert.Equal("Binary ", await ReadAsync(test));
        Assert.Equal("Text abc", await ReadAsync(test));
        Assert.Equal("Binary " + new string('w', 200), await ReadAsync(test));
        Assert.False(test.Session.Messages.TryRead(out _));
    }

    [Fact]
    public void Without_the_mode_there_are_none_and_the_error_says_how_to_get_them()
    {
        using var peer = new ScriptedPeer();
        DefaultWebSocketSession session = DefaultWebSocketSession.Over(peer, peer, new SessionSettings());

        var error = Assert.Throws<InvalidOperationException>(() => session.Messages);

        Assert.Contains("ReceiveMode.Direct", error.Message, StringComparison.Ordinal);
        session.Abort();
    }

    [Fact]
    public async Task Nothing_is_read_between_calls_and_pings_are_answered_within_them()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"89 01 70 {Hello}");
        Assert.Empty(test.Peer.ReadSizes);
        Assert.False(test.Session.Messages.TryRead(out _)); // it reads nothing either
        Assert.Empty(test.Peer.ReadSizes);

        Assert.Equal("Text Hello", await ReadAsync(test));

        Assert.Equal("Pong(70)", await test.SentAsync());
        int reads = test.Peer.ReadSizes.Count;
        test.Peer.SendHex("89 01 71");
        Assert.Equal(reads, test.Peer.ReadSizes.Count);
        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync();
        Assert.Equal("Pong(71)", await test.SentAsync());
        Assert.False(waiting.IsCompleted);
        test.Peer.SendHex(Hello);
        Assert.True(await waiting.Soon());
    }

    [Fact]
    public async Task Pings_between_the_messages_of_one_read_are_answered_when_it_is_read_to_its_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} {string.Concat(Enumerable.Range(0, 200).Select(i => $"89 01 {i:x2}"))} {Hello}");

        Assert.Equal("Text Hello", await ReadAsync(test));
        Assert.Equal("Text Hello", await ReadAsync(test));
        Assert.False(test.Session.Messages.TryRead(out _));

        var pongs = new List<string>();
        while (pongs.LastOrDefault() != "Pong(C7)")
            pongs.Add(await test.SentAsync());
        Assert.Equal(pongs, pongs.Distinct());
    }

    [Fact]
    public async Task A_pong_does_not_wait_for_all_the_messages_of_a_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex("89 01 70" + string.Concat(Enumerable.Repeat("82 01 61", 200)) + "89 01 71" + string.Concat(Enumerable.Repeat("82 01 61", 200)));
        Assert.Equal("Binary a", await ReadAsync(test));
        Assert.Equal("Pong(70)", await test.SentAsync());

        for (int i = 0; i < 200 + ReceiveLoop.BatchSize; i++)
            Assert.Equal("Binary a", Take(test));

        Assert.Equal("Pong(71)", await test.SentAsync()); // most are not read yet
        while (TryTake(test) is not null)
        {
        }
    }

    [Fact]
    public async Task An_answer_on_the_spot_goes_out_after_the_pongs_of_what_came_before()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"89 01 70 {Hello}");

        Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());
        Answer(test.Session);

        Assert.Equal("Pong(70)", await test.SentAsync());
        Assert.Equal("Hello", await test.SentAsync());

        static void Answer(DefaultWebSocketSession session)
        {
            Assert.True(session.Messages.TryRead(out MessageView message));
            Assert.True(session.TrySend(message.Data, message.Type));
            Assert.False(session.Messages.TryRead(out _));
        }
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_loses_no_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        using var cancellation = new CancellationTokenSource();
        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync(cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask()).Soon();
        Assert.False(test.Session.Messages.TryRead(out _)); // the read goes on

        ValueTask<bool> again = test.Session.Messages.WaitToReadAsync();
        test.Peer.SendHex(Hello);
        Assert.True(await again.Soon());
        Assert.Equal("Text Hello", Take(test));

        // And one that came while no wait was there.
        using var second = new CancellationTokenSource();
        waiting = test.Session.Messages.WaitToReadAsync(second.Token);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask()).Soon();
        test.Peer.SendHex(Hello);
        string? taken = null;
        await Patience.Until(() => (taken = TryTake(test)) is not null);
        Assert.Equal("Text Hello", taken);
        Assert.Null(TryTake(test));
        Assert.ThrowsAny<OperationCanceledException>(() => test.Session.Messages.WaitToReadAsync(second.Token).AsTask().GetAwaiter().GetResult());
    }

    [Fact]
    public async Task A_message_larger_than_the_buffer_is_put_together_in_memory_that_serves_the_next_too()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        byte[] payload = new byte[300_000];
        new Random(1).NextBytes(payload);
        int rents = 0;

        for (int i = 0; i < 20; i++)
        {
            test.Peer.Send([0x82, 0x7F, 0, 0, 0, 0, 0, 4, 0x93, 0xE0, .. payload]);
            Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());
            Check();
            Assert.False(test.Session.Messages.TryRead(out _));
            if (i == 4)
                rents = test.Pool.Rents;
        }

        // A silence frees the memory; within the traffic of this test the clock stands still.
        Assert.InRange(test.Pool.Rents - rents, 0, 15); // at most the read buffer's
        void Check()
        {
            Assert.True(test.Session.Messages.TryRead(out MessageView message));
            Assert.True(message.Data.SequenceEqual(payload));
        }
    }

    [Fact]
    public async Task The_peers_close_is_noticed_by_the_next_wait_and_ends_it_normally()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 88 02 03e8");
        test.Peer.SendEof();

        Assert.Equal("Text Hello", await ReadAsync(test));
        Assert.False(test.Session.Messages.TryRead(out _));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);
        Assert.False(await test.Session.Messages.WaitToReadAsync().Soon());

        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        CloseResult end = await test.Session.Completion.Soon();
        Assert.True(end.WasClean);
        Assert.Equal(0, end.DiscardedMessages);
        Assert.False(await test.Session.Messages.WaitToReadAsync().Soon());
    }

    [Theory]
    [InlineData("81 02 C3 28", CloseCode.InvalidFramePayloadData)]
    [InlineData("83 00", CloseCode.ProtocolError)]
    [InlineData("82 7f 0000000100000000", CloseCode.MessageTooBig)]
    public async Task A_violation_is_noticed_by_the_next_wait_and_what_came_before_it_is_given(string hex, CloseCode code)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} {hex}");
        test.Peer.SendEof();

        Assert.Equal("Text Hello", await ReadAsync(test));
        await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.Messages.WaitToReadAsync().AsTask()).Soon();
        Assert.StartsWith($"Close({(int)code} ", await test.SentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_breaks_fails_the_wait()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync();
        test.Peer.FailReads(new IOException("reset"));

        var error = await Assert.ThrowsAnyAsync<WebSocketException>(() => waiting.AsTask()).Soon();

        Assert.Contains("reset", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_we_close_the_session_reads_by_itself_so_that_the_only_reader_may_wait_for_the_end()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 82 01 61");
        Assert.Equal("Text Hello", await ReadAsync(test));

        Task<CloseResult> closing = test.Session.CloseAsync();
        Assert.Equal("Close(1000 NormalClosure)", await test.SentAsync());
        test.Peer.SendHex("82 01 62 88 02 03e8");
        test.Peer.SendEof();

        Assert.True((await closing.Soon()).WasClean); // no time has passed
        Assert.Equal("Binary a", await ReadAsync(test));
        Assert.Equal("Binary b", await ReadAsync(test));
        Assert.False(await test.Session.Messages.WaitToReadAsync().Soon());
        Assert.False(test.Session.Messages.TryRead(out _));
        Assert.Equal(0, (await test.Session.Completion.Soon()).DiscardedMessages);
        Assert.Equal(1, test.Pool.Rented); // of the first view, which might have been in use when the end began
        test.Pool.Forget();
    }

    [Fact]
    public async Task A_message_that_was_announced_and_not_taken_stays_first_when_an_end_begins()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 82 01 61");
        Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());

        _ = test.Session.CloseAsync();

        Assert.Equal("Text Hello", await ReadAsync(test));
        Assert.Equal("Binary a", await ReadAsync(test));
        test.Peer.SendHex("88 02 03e8");
        test.Peer.SendEof();
        Assert.False(await test.Session.Messages.WaitToReadAsync().Soon());
        Assert.False(test.Session.Messages.TryRead(out _));
    }

    [Theory]
    [InlineData(20, false)]
    [InlineData(20, true)]
    [InlineData(300_000, true)]
    public async Task A_view_that_is_held_at_the_end_keeps_what_it_showed(int size, bool isAborted)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        byte[] payload = Encoding.ASCII.GetBytes(new string('v', size));
        test.Peer.Send([.. Binary(payload), .. Binary(new byte[10])]);
        Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());

        Hold(test, payload, isAborted);

        Assert.Equal(1, test.Pool.Rented);
        test.Pool.Forget();

        static void Hold(SessionUnderTest<DefaultWebSocketSession> test, byte[] payload, bool isAborted)
        {
            Assert.True(test.Session.Messages.TryRead(out MessageView message));
            if (isAborted)
                test.Session.Abort();
            else
                _ = test.Session.DisposeAsync().AsTask();
            test.Peer.SendHex("82 03 787878 88 02 03e8");
            test.Peer.SendEof();
#pragma warning disable xUnit1031 // a view lives on the stack
            test.Session.Completion.Soon().GetAwaiter().GetResult();
#pragma warning restore xUnit1031
            Assert.True(message.Data.SequenceEqual(payload));
        }
    }

    [Fact]
    public async Task Frames_can_be_taken_as_well_each_with_memory_of_its_own()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 82 01 61 01 01 62 80 01 63");

        Frame first = await test.Session.Incoming.ReadAsync().Soon();
        Assert.True(test.Session.Incoming.TryRead(out Frame? second));
        Assert.Equal("bc", await test.Session.ReceiveTextAsync().Soon());

        Assert.Equal("Hello", Assert.IsType<Frame.Text>(first).ReadText());
        Assert.Equal("61", Convert.ToHexString(second.Data.Span));
        first.Recycle();
        second.Recycle();
    }

    [Fact]
    public async Task A_small_frame_does_not_keep_the_memory_that_a_large_message_left()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.Send([.. Binary(new byte[100_000]), 0x01, 0x01, (byte)'b', 0x80, 0x01, (byte)'c']);
        Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());
        Assert.True(test.Session.Messages.TryRead(out _));

        Frame frame = await test.Session.Incoming.ReadAsync().Soon();

        Assert.Equal("bc", Assert.IsType<Frame.Text>(frame).ReadText());
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray(frame.Data, out ArraySegment<byte> memory));
        Assert.InRange(memory.Array!.Length, 1, PayloadAllocator.SlabSize);
        frame.Recycle();
    }

    [Fact]
    public async Task Many_consumers_of_frames_get_each_message_once()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var taken = new System.Collections.Concurrent.ConcurrentBag<int>();
        Task[] consumers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await foreach (Frame frame in test.Session.Incoming)
            {
                taken.Add(frame.Data.Span[0]);
                frame.Recycle();
            }
        }))];

        for (int i = 0; i < 200; i++)
        {
            test.Peer.Send(Binary([(byte)i]));
            if (i % 7 == 0)
                await Task.Yield();
        }

        test.Peer.SendHex("88 02 03e8");
        test.Peer.SendEof();
        await Task.WhenAll(consumers).Soon();
        Assert.Equal(Enumerable.Range(0, 200), taken.Order());
    }

    [Fact]
    public async Task A_value_is_read_from_the_memory_that_its_message_was_read_into()
    {
        var pool = new CountingPool();
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings =>
            settings with { Connection = settings.Connection with { Pool = pool } });
        var inBuffer = new List<bool>();
        JsonTypeInfo<Probe> info = Probe.Info((ref Utf8JsonReader reader) => inBuffer.Add(pool.Holds(reader.ValueSpan, 64 * 1024)));
        test.Peer.SendHex("81 05 22 6f 6e 65 22 01 01 22 89 00 80 04 74 77 6f 22");

        Assert.Equal("one", (await test.Session.ReceiveFromJsonAsync(info).Soon())!.Text);
        Assert.Equal("two", (await test.Session.ReceiveFromJsonAsync(info).Soon())!.Text);

        Assert.Equal("Pong()", await test.SentAsync());
        Assert.True(inBuffer[0]);
        Assert.Equal(2, inBuffer.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_end_that_begins_while_a_value_is_read_goes_on_and_takes_nothing_from_it(bool isAborted)
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        Task<CloseResult>? closing = null;
        JsonTypeInfo<Probe> info = Probe.Info((ref Utf8JsonReader _) =>
        {
            if (closing is not null)
                return;
            if (isAborted)
                test.Session.Abort();
            closing = isAborted ? test.Session.Completion : test.Session.CloseAsync();
            test.Peer.SendHex("88 02 03e8");
            test.Peer.SendEof();
            Assert.True(closing.Wait(TimeSpan.FromSeconds(30))); // while the value is read
        });
        test.Peer.SendHex("81 05 22 6f 6e 65 22 81 05 22 74 77 6f 22");

        Assert.Equal("one", (await test.Session.ReceiveFromJsonAsync(info).Soon())!.Text);

        Assert.Equal(!isAborted, (await closing!.Soon()).WasClean);
        if (!isAborted)
            Assert.Equal("two", (await test.Session.ReceiveFromJsonAsync(info).Soon())!.Text);
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.ReceiveFromJsonAsync(info).Soon());
        test.Pool.Forget(); // the view's memory is left to the collector
    }

    [Fact]
    public async Task Consumers_that_come_while_a_value_is_read_get_the_next_messages()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        using var isIn = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        JsonTypeInfo<Probe> info = Probe.Info((ref Utf8JsonReader _) =>
        {
            isIn.Set();
            release.Wait(TestContext.Current.CancellationToken);
        });
        test.Peer.SendHex($"81 05 22 6f 6e 65 22 {Hello} 81 01 37");

        Task<Probe?> first = Task.Run(async () => await test.Session.ReceiveFromJsonAsync(info));
        isIn.Wait(TestContext.Current.CancellationToken);
        Task<Frame> second = test.Session.Incoming.ReadAsync().AsTask();
        Assert.False(second.IsCompleted);
        release.Set();

        Assert.Equal("one", (await first.Soon())!.Text);
        Frame hello = await second.Soon();
        Assert.Equal("Hello", Assert.IsType<Frame.Text>(hello).ReadText());
        hello.Recycle();
        Assert.Equal(7, await test.Session.ReceiveFromJsonAsync<int>().Soon());
    }

    [Fact]
    public async Task A_converter_that_throws_runs_once_and_its_error_comes_with_the_message()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        int runs = 0;
        JsonTypeInfo<Probe> info = Probe.Info((ref Utf8JsonReader _) =>
        {
            runs++;
            throw new InvalidOperationException("bad");
        });
        test.Peer.SendHex("81 05 22 6f 6e 65 22");

        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveFromJsonAsync(info).Soon());

        Assert.Equal(1, runs);
        Assert.IsType<InvalidOperationException>(error.InnerException);
        Assert.Equal("\"one\"", Assert.IsType<Frame.Text>(error.Frame).ReadText());
    }

    [Fact]
    public async Task A_value_that_cannot_be_read_comes_with_its_message_and_the_next_is_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex("81 01 7b 81 01 37");

        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveFromJsonAsync<int>().Soon());

        Assert.Equal("{", Assert.IsType<Frame.Text>(error.Frame).ReadText());
        Assert.Equal(7, await test.Session.ReceiveFromJsonAsync<int>().Soon());
    }

    [Fact]
    public async Task Many_consumers_of_values_get_each_once()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        var taken = new System.Collections.Concurrent.ConcurrentBag<int>();
        Task[] consumers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await foreach (int value in test.Session.ReceiveAllFromJsonAsync<int>())
                taken.Add(value);
        }))];

        for (int i = 100; i < 400; i++)
        {
            test.Peer.SendFrame(Opcode.Text, Encoding.ASCII.GetBytes($"{i}"));
            if (i % 7 == 0)
                await Task.Yield();
        }

        test.Peer.SendHex("88 02 03e8");
        test.Peer.SendEof();
        await Task.WhenAll(consumers).Soon();
        Assert.Equal(Enumerable.Range(100, 300), taken.Order());
    }

    [Fact]
    public async Task A_value_that_is_no_reply_to_a_heartbeat_is_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings => settings with
        {
            Connection = settings.Connection with { HasReplies = true },
            Heartbeat = new Heartbeat("beat", "Hello") { Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromHours(1) },
        });
        test.Peer.SendHex($"{Hello} 81 01 37 {Hello} 81 01 38");

        Assert.Equal(7, await test.Session.ReceiveFromJsonAsync<int>().Soon());
        Assert.Equal(8, await test.Session.ReceiveFromJsonAsync<int>().Soon());
    }

    [Fact]
    public async Task The_ping_timeout_counts_only_while_a_read_is_in_progress()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings =>
            settings with { PingInterval = TimeSpan.FromSeconds(20), PingTimeout = TimeSpan.FromSeconds(5) });

        await test.Time.PassStepwise(TimeSpan.FromMinutes(3));
        Assert.Equal(WebSocketSessionState.Open, test.Session.State);

        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync();
        await Patience.Until(() =>
        {
            test.Time.Advance(TimeSpan.FromMilliseconds(100));
            return test.Session.State != WebSocketSessionState.Open;
        });
        await Assert.ThrowsAnyAsync<WebSocketException>(() => waiting.AsTask()).Soon();
        Assert.IsType<TimeoutException>((await test.Session.Completion.Soon()).Error);
    }

    [Fact]
    public async Task A_compressed_message_is_expanded_into_memory_that_serves_the_next_too()
    {
        using PerMessageDeflate compression = Deflating.Accepted();
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings =>
            settings with { Connection = settings.Connection with { Extensions = new ExtensionChain(Deflating.Accepted()) } });
        string text = string.Concat(Enumerable.Range(0, 400).Select(i => $"line {i}; "));

        for (int i = 0; i < 3; i++)
        {
            byte[] compressed = compression.Compress(Encoding.ASCII.GetBytes(text));
            test.Peer.Send([0xC1, 0x7E, (byte)(compressed.Length >> 8), (byte)compressed.Length, .. compressed]);
            Assert.Equal("Text " + text, await ReadAsync(test));
            Assert.False(test.Session.Messages.TryRead(out _));
        }
    }

    [Fact]
    public async Task Replies_to_a_heartbeat_are_not_given()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings => settings with
        {
            Connection = settings.Connection with { HasReplies = true },
            Heartbeat = new Heartbeat("beat", "Hello") { Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromHours(1) },
        });
        test.Peer.SendHex($"{Hello} 82 01 61 {Hello} 81 01 62 {Hello}");

        Assert.Equal("Binary a", await ReadAsync(test));
        Assert.Equal("Text b", await ReadAsync(test));
        Assert.False(test.Session.Messages.TryRead(out _));
    }

    [Fact]
    public async Task A_message_that_is_no_reply_stays_whole_while_the_consumer_polls()
    {
        for (int i = 0; i < 300; i++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings => settings with
            {
                Connection = settings.Connection with { HasReplies = true },
                Heartbeat = new Heartbeat("beat", "Hello") { Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromHours(1) },
            });
            using var cancellation = new CancellationTokenSource();
            ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync(cancellation.Token);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting.AsTask()).Soon();

            test.Peer.SendHex("82 01 61");
            string? taken = null;
            await Patience.Until(() => (taken = TryTake(test)) is not null);

            Assert.Equal("Binary a", taken);
            Assert.Null(TryTake(test));
        }
    }

    [Fact]
    public async Task A_consumer_that_waits_gets_the_next_message_though_the_one_before_never_comes_back()
    {
        for (int i = 0; i < 300; i++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = Open();
            Task<Frame>[] consumers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () => await test.Session.Incoming.ReadAsync()))];
            test.Peer.SendHex(i % 2 == 0 ? "82 01 61 82 01 62 82 01 63" : "82 01 61");
            if (i % 2 == 1)
                test.Peer.SendHex("82 01 62 82 01 63");

            Frame[] frames = await Task.WhenAll(consumers).Soon();

            Assert.Equal<byte>([0x61, 0x62, 0x63], frames.Select(frame => frame.Data.Span[0]).Order());
            foreach (Frame frame in frames)
                frame.Recycle();
        }
    }

    [Fact]
    public async Task A_consumer_that_only_waited_leaves_the_message_to_the_others()
    {
        for (int i = 0; i < 300; i++)
        {
            await using SessionUnderTest<DefaultWebSocketSession> test = Open();
            Task<Frame> taking = Task.Run(async () => await test.Session.Incoming.ReadAsync());
            Task<bool> waiting = Task.Run(async () => await test.Session.Incoming.WaitToReadAsync());
            if (i % 3 == 0)
                await Task.Yield();
            test.Peer.SendHex("82 01 61");

            (await taking.Soon()).Recycle();
            test.Peer.SendHex("88 02 03e8"); // for the one that came too late
            await waiting.Soon();
        }
    }

    [Fact]
    public async Task A_consumers_code_does_not_run_within_anothers_call()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        using var isWithin = new ThreadLocal<bool>();
        int received = 0, nested = 0;
        Task[] consumers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (await test.Session.Incoming.WaitToReadAsync())
            {
                if (isWithin.Value)
                    Interlocked.Increment(ref nested);
                isWithin.Value = true;
                bool isTaken = test.Session.Incoming.TryRead(out Frame? frame);
                isWithin.Value = false;
                if (isTaken)
                {
                    frame!.Recycle();
                    Interlocked.Increment(ref received);
                }
            }
        }))];

        for (int i = 0; i < 2000; i++)
        {
            test.Peer.SendHex("82 01 61 82 01 62");
            if (i % 5 == 0)
                await Task.Yield();
        }

        test.Peer.SendHex("88 02 03e8");
        test.Peer.SendEof();
        await Task.WhenAll(consumers).Soon();
        Assert.Equal((4000, 0), (received, nested));
    }

    [Fact]
    public async Task A_failed_write_is_no_overflow_of_what_was_read()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings =>
            settings with { Incoming = ChannelConfig.Bounded(2, overflow: ChannelOverflow.Close) });
        test.Peer.SendHex($"{Hello} 82 01 61 82 01 62 82 01 63 82 01 64 88 02 03e8");
        Assert.Equal("Text Hello", await ReadAsync(test));

        test.Peer.FailWrites(new IOException("broken pipe"));
        _ = test.Session.SendAsync("x").AsTask();

        foreach (string name in (string[])["a", "b", "c", "d"])
            Assert.Equal($"Binary {name}", await ReadAsync(test));
        Assert.False(await test.Session.Messages.WaitToReadAsync().Soon());
        Assert.False(test.Session.Messages.TryRead(out _));
        Assert.Equal(CloseInitiator.Remote, (await test.Session.Completion.Soon()).Initiator);
        test.Pool.Forget();
    }

    [Fact]
    public async Task What_was_read_before_a_fault_of_ours_is_given_before_its_error()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.SendHex($"{Hello} 82 01 61 82 01 62");
        Assert.Equal("Text Hello", await ReadAsync(test));
        var content = new ContentStream();
        content.Give(1);
        Task sending = test.Session.SendAsync(content).AsTask();
        Assert.Equal("Binary(01)...", await test.SentAsync());

        content.Fail(new InvalidDataException("broken content"));
        await Assert.ThrowsAsync<InvalidDataException>(() => sending).Soon();

        Assert.Equal("Binary a", await ReadAsync(test));
        Assert.Equal("Binary b", await ReadAsync(test));
        await Assert.ThrowsAnyAsync<WebSocketException>(() => test.Session.Messages.WaitToReadAsync().AsTask()).Soon();
        Assert.False(test.Session.Messages.TryRead(out _));
        test.Session.Abort();
        await test.Session.Completion.Soon();
        Assert.Equal(1, test.Pool.Rented); // of the first view
        test.Pool.Forget();
    }

    [Fact]
    public async Task A_silence_frees_a_large_messages_memory()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Peer.Send(Binary(new byte[300_000]));
        Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());
        Assert.True(test.Session.Messages.TryRead(out _));
        Assert.InRange(test.Pool.RentedBytes, 300_000, long.MaxValue);

        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync();

        Assert.False(waiting.IsCompleted);
        Assert.InRange(test.Pool.RentedBytes, 0, InputBuffer.BufferSize);
    }

    [Fact]
    public async Task A_flood_without_messages_does_not_hold_the_caller_up()
    {
        using var flood = new PingFlood();
        DefaultWebSocketSession session = WebSocketSessions.Create(
            flood, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan, ReceiveMode.Direct);
        using var cancellation = new CancellationTokenSource();

        Task<Task<bool>> call = Task.Factory.StartNew(
            () => session.Messages.WaitToReadAsync(cancellation.Token).AsTask(), CancellationToken.None, TaskCreationOptions.None, TaskScheduler.Default);
        Task<bool> waiting = await call.Soon(); // it returns
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).Soon();
        session.Abort();
        await session.Completion.Soon();
    }

    [Fact]
    public async Task A_read_begins_outside_the_callers_context()
    {
        using var flood = new PingFlood();
        DefaultWebSocketSession session = WebSocketSessions.Create(
            flood, WebSocketRole.Client, ws => ws.PingInterval = Timeout.InfiniteTimeSpan, ReceiveMode.Direct);
        await Task.Run(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new SynchronizationContext());
            _ = session.Messages.WaitToReadAsync();
            SynchronizationContext.SetSynchronizationContext(null);
        }, TestContext.Current.CancellationToken).Soon();
        await Patience.Until(() => flood.Reads > 0);

        Assert.False(flood.SawContext);
        session.Abort();
        await session.Completion.Soon();
    }

    [Fact]
    public async Task It_counts_messages_and_tells_when_the_last_one_came()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open();
        test.Time.Advance(TimeSpan.FromSeconds(3));
        test.Peer.SendHex($"{Hello} 82 01 61");
        await ReadAsync(test);
        await ReadAsync(test);
        Assert.False(test.Session.Messages.TryRead(out _));
        test.Time.Advance(TimeSpan.FromSeconds(2));

        SessionStatistics statistics = test.Session.Statistics;

        Assert.Equal((2, 6), (statistics.ReceivedMessages, statistics.ReceivedBytes));
        Assert.Equal(TimeSpan.FromSeconds(2), statistics.TimeSinceLastMessage);
    }

    [Fact]
    public async Task A_reply_to_a_heartbeat_is_no_message_for_the_time_since_the_last()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(settings => settings with
        {
            Connection = settings.Connection with { HasReplies = true },
            Heartbeat = new Heartbeat("beat", "Hello") { Interval = TimeSpan.FromHours(1), Timeout = TimeSpan.FromHours(1) },
        });
        test.Time.Advance(TimeSpan.FromSeconds(3));
        test.Peer.SendHex(Hello);
        ValueTask<bool> waiting = test.Session.Messages.WaitToReadAsync();

        Assert.Equal(1, test.Session.Statistics.ReceivedMessages);
        Assert.Equal(TimeSpan.FromSeconds(3), test.Session.Statistics.TimeSinceLastMessage);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task Memory_that_runs_out_ends_the_session_and_hangs_nobody()
    {
        using var peer = new ScriptedPeer();
        DefaultWebSocketSession session = DefaultWebSocketSession.Over(
            peer, peer, new SessionSettings { ReceiveMode = ReceiveMode.Direct, PingInterval = Timeout.InfiniteTimeSpan, Connection = new ConnectionSettings { Pool = new EmptyPool() } });
        peer.SendHex(Hello);

        await Assert.ThrowsAnyAsync<WebSocketException>(() => session.Incoming.ReadAsync().AsTask()).Soon();

        Assert.IsType<InsufficientMemoryException>((await session.Completion.Soon()).Error!.InnerException);
    }

    // A value whose converter is a function of the test's.
    private sealed record Probe(string Text)
    {
        public delegate void OnRead(ref Utf8JsonReader reader);

        public static JsonTypeInfo<Probe> Info(OnRead onRead) =>
            (JsonTypeInfo<Probe>)new JsonSerializerOptions { Converters = { new Converter(onRead) }, TypeInfoResolver = new DefaultJsonTypeInfoResolver() }
                .GetTypeInfo(typeof(Probe));

        private sealed class Converter(OnRead onRead) : JsonConverter<Probe>
        {
            public override Probe Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            {
                onRead(ref reader);
                return new Probe(reader.GetString()!);
            }

            public override void Write(Utf8JsonWriter writer, Probe value, JsonSerializerOptions options) => throw new NotSupportedException();
        }
    }

    // Has one array: that of the read buffer.
    private sealed class EmptyPool : System.Buffers.ArrayPool<byte>
    {
        private int _rents;

        public override byte[] Rent(int minimumLength) =>
            Interlocked.Increment(ref _rents) == 1 ? new byte[minimumLength] : throw new InsufficientMemoryException();

        public override void Return(byte[] array, bool clearArray = false)
        {
        }
    }

    // Pings without end, as fast as they are read, until it is disposed.
    private sealed class PingFlood : BareStream
    {
        private int _reads;
        private volatile bool _isDisposed;

        public int Reads => Volatile.Read(ref _reads);

        public bool SawContext { get; private set; }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            SawContext |= SynchronizationContext.Current is not null;
            Interlocked.Increment(ref _reads);
            if (_isDisposed)
                return new ValueTask<int>(0);
            int count = Math.Min(2, buffer.Length);
            ((byte[])[0x89, 0x00]).AsSpan(0, count).CopyTo(buffer.Span);
            return new ValueTask<int>(count);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => default;

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        protected override void Dispose(bool disposing)
        {
            _isDisposed = true;
            base.Dispose(disposing);
        }
    }

    private static byte[] Binary(byte[] payload)
    {
        using var writer = new FrameWriter(WebSocketRole.Server);
        writer.Write(Opcode.Binary, payload);
        return [.. writer.Take()];
    }

    private static SessionUnderTest<DefaultWebSocketSession> Open(Func<SessionSettings, SessionSettings>? configure = null) =>
        SessionUnderTest.Default(settings => (configure?.Invoke(settings) ?? settings) with { ReceiveMode = ReceiveMode.Direct });

    private static async Task<string> ReadAsync(SessionUnderTest<DefaultWebSocketSession> test)
    {
        while (true)
        {
            if (TryTake(test) is { } message)
                return message;
            Assert.True(await test.Session.Messages.WaitToReadAsync().Soon());
        }
    }

    private static string? TryTake(SessionUnderTest<DefaultWebSocketSession> test) =>
        test.Session.Messages.TryRead(out MessageView message) ? $"{message.Type} {message.ReadText()}" : null;

    private static string Take(SessionUnderTest<DefaultWebSocketSession> test)
    {
        string? taken = TryTake(test);
        Assert.NotNull(taken);
        return taken;
    }
}
