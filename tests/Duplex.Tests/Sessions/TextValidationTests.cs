using System.Text;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Text that is not valid UTF-8: in every kind of session, and whatever way it comes.</summary>
public sealed class TextValidationTests
{
    private const string Latin = "61E962"; // "aéb" in Latin-1

    [Theory, InlineData(SessionKind.Default), InlineData(SessionKind.Raw)]
    public async Task By_default_it_ends_the_session(SessionKind kind)
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind);

        test.Peer.SendFrame(Opcode.Text, Convert.FromHexString(Latin));
        test.Peer.SendEof();

        Assert.Equal("Close(1007 InvalidFramePayloadData)", await test.SentAsync());
    }

    [Theory]
    [InlineData(SessionKind.Default, WebSocketRole.Client)]
    [InlineData(SessionKind.Default, WebSocketRole.Server)]
    [InlineData(SessionKind.Raw, WebSocketRole.Client)]
    [InlineData(SessionKind.Raw, WebSocketRole.Server)]
    public async Task Leniently_it_is_a_text_message_of_the_bytes_as_they_came_and_logged_once(SessionKind kind, WebSocketRole role)
    {
        var logger = new ListLogger();
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => Lenient(settings, logger, role));

        for (int i = 0; i < 3; i++)
        {
            test.Peer.SendFrame(Opcode.Text, Convert.FromHexString(Latin));
            Frame.Text text = Assert.IsType<Frame.Text>(await test.Session.Incoming.ReadAsync().Soon());
            Assert.Equal((Latin, "a\uFFFDb"), (Convert.ToHexString(text.Data.Span), text.ReadText()));
            text.Recycle();
        }

        test.Peer.SendFrame(Opcode.Text, "é"u8);
        Assert.Equal("é", await test.ReceiveAsync());
        await Patience.Until(() => logger.Entries.Count > 1);
        (_, LogLevel level, string message) = Assert.Single(logger.Entries, entry => entry.Id == 22);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains($"session {test.Session.Id} with", message, StringComparison.Ordinal);
        Assert.Contains("TextValidation", message, StringComparison.Ordinal);
        Assert.DoesNotContain("a\uFFFDb", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leniently_valid_text_logs_nothing()
    {
        var logger = new ListLogger();
        await using (SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings => Lenient(settings, logger)))
        {
            test.Peer.SendFrame(Opcode.Text, [0xE2, 0x82], fin: false);
            test.Peer.SendFrame(Opcode.Continuation, [0xAC]);
            Assert.Equal("€", await test.ReceiveAsync());
        }

        Assert.DoesNotContain(logger.Entries, entry => entry.Id == 22);
    }

    [Fact]
    public async Task Leniently_fragments_come_joined_or_one_by_one()
    {
        foreach (SessionKind kind in Enum.GetValues<SessionKind>())
        {
            await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(kind, settings => Lenient(settings));

            test.Peer.SendFrame(Opcode.Text, [0x61, 0xE2], fin: false);
            test.Peer.SendFrame(Opcode.Continuation, [0xFF]);

            byte[] data = [];
            for (int frames = kind == SessionKind.Raw ? 2 : 1; frames > 0; frames--)
            {
                Frame frame = await test.Session.Incoming.ReadAsync().Soon();
                data = [.. data, .. frame.Data.Span];
                frame.Recycle();
            }

            Assert.Equal([0x61, 0xE2, 0xFF], data);
        }
    }

    [Fact]
    public async Task Leniently_a_stream_gives_the_bytes_as_they_came()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Streams(settings => Lenient(settings));

        test.Peer.SendFrame(Opcode.Text, [0x61, 0xFF], fin: false);
        test.Peer.SendFrame(Opcode.Continuation, [0xC3]);
        test.Peer.SendFrame(Opcode.Text, "next"u8);

        WebSocketMessageStream message = (await test.Session.ReceiveStreamAsync().Soon())!;
        Assert.Equal((FrameType.Text, "61FFC3"), (message.Type, await ReadHexAsync(message)));
        Assert.Equal("6E657874", await ReadHexAsync((await test.Session.ReceiveStreamAsync().Soon())!));
    }

    [Theory, InlineData(ReceiveMode.Messages), InlineData(ReceiveMode.Streams)]
    public async Task Leniently_compressed_text_comes_expanded(ReceiveMode mode)
    {
        using PerMessageDeflate peers = Deflating.Accepted();
        byte[] text = [.. Enumerable.Repeat(Encoding.Latin1.GetBytes("déflaté "), 1000).SelectMany(bytes => bytes)];
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings =>
        {
            settings = Lenient(settings) with { ReceiveMode = mode };
            return settings with { Connection = settings.Connection with { Extensions = new ExtensionChain(Deflating.Accepted()) } };
        });

        test.Peer.SendFrame(Opcode.Text, peers.Compress(text), reserved: ReservedBits.Rsv1);

        if (mode == ReceiveMode.Streams)
        {
            Assert.Equal(Convert.ToHexString(text), await ReadHexAsync((await test.Session.ReceiveStreamAsync().Soon())!));
            return;
        }

        Frame frame = await test.Session.Incoming.ReadAsync().Soon();
        Assert.True(text.AsSpan().SequenceEqual(frame.Data.Span));
        frame.Recycle();
    }

    [Fact]
    public async Task Leniently_a_typed_message_that_is_no_text_is_its_converters_matter()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default(settings => Lenient(settings) with { Converter = new JsonContentConverter(TestJson.Default) });

        test.Peer.SendFrame(Opcode.Text, [.. "{\"name\":\""u8, 0xFF, .. "\",\"id\":1}"u8]);
        test.Peer.SendFrame(Opcode.Text, "7"u8);

        var error = await Assert.ThrowsAsync<WebSocketDeserializeException>(() => test.Session.ReceiveDeserializedAsync<User>().Soon());
        error.Frame!.Recycle();
        Assert.Equal(7, await test.Session.ReceiveDeserializedAsync<int>().Soon());
    }

    [Fact]
    public async Task Leniently_nothing_else_is_relaxed()
    {
        await using SessionUnderTest<WebSocketSession> test = SessionUnderTest.Of(SessionKind.Default, settings => Lenient(settings));

        await Assert.ThrowsAsync<ArgumentException>(() => test.Session.SendTextAsync(new byte[] { 0xFF }).Soon());
        test.Peer.SendHex("88 03 03 e8 ff");
        test.Peer.SendEof();

        Assert.Equal("Close(1007 InvalidFramePayloadData)", await test.SentAsync());
    }

    private static SessionSettings Lenient(SessionSettings settings, ListLogger? logger = null, WebSocketRole role = WebSocketRole.Client) => settings with
    {
        Telemetry = logger is null ? settings.Telemetry : new() { Logger = logger },
        Connection = settings.Connection with { TextValidation = TextValidation.Lenient, Role = role },
    };

    private static async Task<string> ReadHexAsync(WebSocketMessageStream message)
    {
        var bytes = new MemoryStream();
        await message.CopyToAsync(bytes).Soon();
        return Convert.ToHexString(bytes.ToArray());
    }
}
