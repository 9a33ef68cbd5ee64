using System.Buffers;
using System.Text;

namespace Duplex.Tests;

public sealed class WebSocketSessionExtensionsTests
{
    private readonly CounterExtension _counter = new CounterExtension().Identified();

    [Fact]
    public async Task Messages_pass_the_extension_in_both_directions_and_control_frames_do_not()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);

        await test.Session.SendAsync("Hi");
        await test.Session.SendAsync(new byte[] { 0 });
        Assert.Equal((ReservedBits.Rsv1, "Hh\0"), Described(await test.Peer.ReceiveAsync()));
        Assert.Equal((ReservedBits.Rsv1, "\u0002\u0001"), Described(await test.Peer.ReceiveAsync()));
        test.Peer.SendHex("89 01 70  41 01 48  80 02 68 00  81 01 78");

        Assert.Equal("Pong(70)", await test.SentAsync());
        Frame frame = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal((ReservedBits.None, "Hi"), Described(frame));
        frame.Recycle();
        Assert.Equal("x", await test.ReceiveAsync());
    }

    private static DelegateConverter Letter(string letter) => new()
    {
        OnSerialize = (output, _, _) =>
        {
            output.Write(Encoding.UTF8.GetBytes(letter));
            return FrameType.Text;
        },
    };

    [Fact]
    public async Task Each_way_to_send_can_wish_that_a_message_is_not_transformed()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);

        await test.Session.SendAsync("a", SendOptions.Untransformed, default);
        await test.Session.SendAsync("b"u8.ToArray(), SendOptions.Untransformed, default);
        await test.Session.SendTextAsync("c"u8.ToArray(), SendOptions.Untransformed, default);
        await test.Session.SendAsync(new Frame.Text("d"), SendOptions.Untransformed, default);
        await test.Session.SendAsync(new Frame.Text(fin: false, "e"u8.ToArray()), SendOptions.Untransformed, default);
        await test.Session.SendAsync(new Frame.Text(fin: true, "f"u8.ToArray()));
        await test.Session.SendAsync(new Frame.Ping("g"u8.ToArray()), SendOptions.Transformed, default);
        await test.Session.SendSerializedAsync("x", Letter("x"), SendOptions.Untransformed, default);
        test.Session.Converter = Letter("x");
        await test.Session.SendSerializedAsync("x", SendOptions.Untransformed, default);
        await test.Session.SendAsync("h", SendOptions.Transformed, default);

        foreach (string letter in (string[])["a", "b", "c", "d", "e", "f", "g", "x", "x"])
            Assert.Equal((ReservedBits.None, letter), Described(await test.Peer.ReceiveAsync()));
        Assert.Equal((ReservedBits.Rsv1, "h\0"), Described(await test.Peer.ReceiveAsync()));
        Assert.Equal(1, _counter.Transformations);
    }

    [Fact]
    [KtorParity("session/extensions", "functions/extension-factory", "functions/extensionOrNull-factory")]
    public async Task The_session_tells_which_extensions_are_active()
    {
        var other = new ToyExtension().Identified("other", ReservedBits.None);
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter, other);

        Assert.Equal([_counter, other], test.Session.Extensions);
        Assert.Same(other, test.Session.Extension<ToyExtension>());
        Assert.Same(_counter, test.Session.Extension<WebSocketExtension>());
        Assert.True(test.Session.TryGetExtension(out CounterExtension? found));
        Assert.Same(_counter, found);
        Assert.False(test.Session.TryGetExtension(out FrameExtension? none));
        Assert.Null(none);
        Assert.Contains(nameof(FrameExtension), Assert.Throws<InvalidOperationException>(test.Session.Extension<FrameExtension>).Message, StringComparison.Ordinal);
    }

    [Fact]
    [KtorParity("session/extensions")]
    public async Task Without_extensions_there_are_none()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();

        Assert.Empty(test.Session.Extensions);
        Assert.False(test.Session.TryGetExtension(out WebSocketExtension? _));
    }

    [Fact]
    public async Task A_large_message_is_transformed_in_both_directions_and_nothing_is_left_behind()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);
        byte[] large = new byte[300_000];
        new Random(1).NextBytes(large);

        await test.Session.SendAsync(large).Soon();
        Frame sent = await test.Peer.ReceiveAsync();
        Assert.Equal(large.Length + 1, sent.Data.Length);
        test.Peer.SendFrame(Opcode.Binary, sent.Data.Span, reserved: ReservedBits.Rsv1); // what we hid with our stream the other's opens

        Frame received = await test.Session.Incoming.ReadAsync().Soon();
        Assert.Equal(large, received.ReadBytes());
        received.Recycle();
        Assert.Contains(InputBuffer.BufferSize, test.Peer.ReadSizes);
    }

    [Fact]
    public async Task Extensions_are_disposed_once_before_the_session_has_ended()
    {
        SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);
        Task<int> disposals = test.Session.Completion.ContinueWith(_ => _counter.Disposals, TaskContinuationOptions.ExecuteSynchronously);
        await test.Session.SendAsync("x");

        await test.DisposeAsync();

        Assert.Equal(1, await disposals.Soon());
        Assert.Equal(1, _counter.Disposals);
        Assert.Same(_counter, Assert.Single(test.Session.Extensions));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => test.Session.SendAsync("late").Soon());
        Assert.False(test.Session.Outgoing.TryWrite(new Frame.Text("late")));
        Assert.Null(_counter.Misuse);
    }

    [Fact]
    public async Task A_session_that_ends_within_a_transformation_disposes_behind_it()
    {
        SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);
        using ManualResetEventSlim entered = new(), goOn = new();
        _counter.OnOutgoing = () =>
        {
            entered.Set();
            Assert.True(goOn.Wait(Patience.Limit));
        };
        Task sending = Task.Run(() => test.Session.SendAsync("x").AsTask());
        Assert.True(entered.Wait(Patience.Limit));

        test.Session.Abort();
        await test.Session.Completion.Soon();
        Assert.Equal(0, _counter.Disposals);
        goOn.Set();

        await Assert.ThrowsAsync<WebSocketClosedException>(() => sending.Soon());
        await Patience.Until(() => _counter.Disposals == 1);
        Assert.Null(_counter.Misuse);
        await test.DisposeAsync();
        Assert.Equal(1, _counter.Disposals);
    }

    [Fact]
    public async Task A_message_that_extensions_blow_up_ends_the_session_with_1009()
    {
        var bomb = new ToyExtension(incoming: ToyExtension.Around('x')).Identified("bomb", ReservedBits.None);
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest<DefaultWebSocketSession>.Open(
            DefaultWebSocketSession.Over, settings => With(settings with { Connection = settings.Connection with { MaxMessageSize = 3 } }, bomb));

        test.Peer.SendHex("81 01 61");
        Assert.Equal("xax", await test.ReceiveAsync());
        test.Peer.SendHex("81 02 61 61");

        FrameTooBigException error = await Assert.ThrowsAsync<FrameTooBigException>(() => test.Session.Incoming.ReadAsync().Soon());
        Assert.Equal(3, error.Limit);
        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
    }

    [Fact]
    public async Task However_a_session_with_extensions_ends_while_both_directions_are_busy_they_are_disposed_once_and_not_under_anybody()
    {
        for (int round = 0; round < 40; round++)
        {
            var counter = new CounterExtension().Identified();
            SessionUnderTest<DefaultWebSocketSession> test = Open(counter);
            Task sending = Task.Run(async () =>
            {
                try
                {
                    while (true)
                        await test.Session.SendAsync(new byte[] { 1 });
                }
                catch (WebSocketClosedException)
                {
                }
            });
            test.Peer.SendInPieces([0xC1, 0x02, 0x48, 0x00, 0xC1, 0x02, 0x49, 0x01], 1);
            await Patience.Until(() => counter.Transformations > 5);

            test.Session.Abort();

            await test.Session.Completion.Soon();
            await sending.Soon(); // it may have been in the toy, and have held its memory
            await test.DisposeAsync();
            Assert.Equal(1, counter.Disposals);
            Assert.Null(counter.Misuse);
        }
    }

    [Fact]
    public async Task A_message_goes_from_a_stream_through_the_extensions_into_a_stream()
    {
        await using SessionUnderTest<DefaultWebSocketSession> from = Open(_counter);
        var other = new CounterExtension().Identified();
        await using SessionUnderTest<DefaultWebSocketSession> to = SessionUnderTest.Streams(settings => With(settings, other));
        var check = new PatternCheck();

        // In the middle of a series, so that each side's idea of what went before matters.
        await from.Session.SendAsync("first");
        await from.Session.SendAsync(new PatternStream((3 * StreamSender.FragmentSize) + 5)).Soon();
        await from.Session.SendAsync("last");
        for (int i = 0; i < 6; i++)
        {
            Frame frame = await from.Peer.ReceiveAsync();
            to.Peer.SendFrame(i is 0 or 1 or 5 ? (Opcode)frame.Type : Opcode.Continuation, frame.Data.Span, frame.Fin, frame.Reserved);
        }

        Assert.Equal("first"u8.ToArray(), await ReadAllAsync(to));
        check.Add(await ReadAllAsync(to));
        Assert.Equal((3 * StreamSender.FragmentSize) + 5, check.Count);
        Assert.Equal("last"u8.ToArray(), await ReadAllAsync(to));
        Assert.InRange(from.Pool.PeakBytes, 1, 1 << 20);
    }

    [Fact]
    public async Task The_limit_of_a_message_holds_for_a_stream_by_what_the_extensions_make_of_it_all_pieces_together()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings =>
            With(settings with { Connection = settings.Connection with { MaxMessageSize = 5 } }, _counter));
        test.Peer.SendHex("41 03 48 68 48");
        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;

        test.Peer.SendHex("00 02 68 48");
        test.Peer.SendHex("80 03 68 48 68");

        Assert.Equal("Close(1009 MessageTooBig)", await test.SentAsync());
        var error = await Assert.ThrowsAsync<FrameTooBigException>(() => message.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken).Soon());
        Assert.Equal(5, error.Limit);
    }

    private static async Task<byte[]> ReadAllAsync(SessionUnderTest<DefaultWebSocketSession> test)
    {
        var bytes = new MemoryStream();
        await (await test.Session.ReceiveStreamAsync().Soon())!.CopyToAsync(bytes, TestContext.Current.CancellationToken).Soon();
        return bytes.ToArray();
    }

    private static SessionUnderTest<DefaultWebSocketSession> Open(params WebSocketExtension[] extensions) =>
        SessionUnderTest<DefaultWebSocketSession>.Open(DefaultWebSocketSession.Over, settings => With(settings, extensions));

    private static SessionSettings With(SessionSettings settings, params WebSocketExtension[] extensions) =>
        settings with { Connection = settings.Connection with { Extensions = new ExtensionChain(extensions) } };

    private static (ReservedBits Bits, string Text) Described(Frame frame) => (frame.Reserved, System.Text.Encoding.Latin1.GetString(frame.Data.Span));

    [Fact]
    public async Task A_message_from_a_stream_is_one_message_for_the_extension_and_pings_go_between()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);
        byte[] content = new byte[150_000];
        new Random(2).NextBytes(content);

        Task sending = test.Session.SendAsync(new MemoryStream(content)).AsTask();
        List<byte> sent = [];
        List<ReservedBits> bits = [];
        Frame frame;
        do
        {
            frame = await test.Peer.ReceiveAsync();
            sent.AddRange(frame.Data.Span);
            bits.Add(frame.Reserved);
        }
        while (!frame.Fin);
        await sending.Soon();
        await test.Session.SendAsync(new MemoryStream("plain"u8.ToArray()), FrameType.Text, SendOptions.Untransformed, default).Soon();
        await test.Session.SendAsync(new byte[] { 0 });

        Assert.Equal(content, sent.Take(content.Length).Select((b, i) => (byte)(b ^ (byte)i)));
        Assert.Equal(content.Length + 1, sent.Count);
        Assert.Equal(ReservedBits.Rsv1, bits[0]);
        Assert.All(bits.Skip(1), later => Assert.Equal(ReservedBits.None, later));
        var plain = new List<string>();
        do
        {
            frame = await test.Peer.ReceiveAsync();
            plain.Add(Described(frame).Text);
        }
        while (!frame.Fin);
        Assert.Equal("plain", string.Concat(plain));
        Assert.Equal((ReservedBits.Rsv1, $"{(char)(byte)content.Length}\u0001"), Described(await test.Peer.ReceiveAsync()));
    }

    [Fact]
    public async Task An_extension_that_fails_within_a_message_from_a_stream_ends_the_session_and_that_send()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = Open(_counter);
        int calls = 0;
        _counter.OnOutgoing = () =>
        {
            if (++calls == 2)
                throw new FormatException();
        };

        WebSocketException error = await Assert.ThrowsAsync<WebSocketException>(() => test.Session.SendAsync(new MemoryStream(new byte[200_000])).Soon());

        Assert.IsType<FormatException>(error.InnerException);
        Assert.False((await test.Peer.ReceiveAsync()).Fin);
        Assert.Equal("Close(1011 InternalError)", await test.SentAsync());
        Assert.Same(error, await Assert.ThrowsAsync<WebSocketException>(() => test.Session.Incoming.ReadAsync().Soon()));
    }

    [Fact]
    public async Task Received_as_a_stream_a_message_has_passed_the_extensions()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest<DefaultWebSocketSession>.Open(
            DefaultWebSocketSession.Over, settings => With(settings with { ReceiveMode = ReceiveMode.Streams }, _counter));

        test.Peer.SendHex("41 01 48");
        test.Peer.SendHex("00 00  80 02 68 00");

        await using WebSocketMessageStream? message = await test.Session.ReceiveStreamAsync().Soon();
        using var reader = new StreamReader(message!);
        Assert.Equal("Hi", await reader.ReadToEndAsync().Soon());
    }
}
