namespace Duplex.Tests;

public sealed class SendOptionsTests
{
    [Fact]
    public void By_default_nothing_is_asked_for()
    {
        Assert.Equal(SendTransform.Default, default(SendOptions).Transform);
        Assert.Equal(default, new SendOptions());
        Assert.Equal(new SendOptions { Transform = SendTransform.Never }, SendOptions.Untransformed);
        Assert.Equal(new SendOptions { Transform = SendTransform.Always }, SendOptions.Transformed);
    }

    [Fact]
    public async Task A_literal_default_means_no_token_and_no_options()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        DefaultWebSocketSession session = test.Session;
        ReadOnlyMemory<byte> bytes = "x"u8.ToArray();

        await session.SendAsync("x", default);
        await session.SendAsync(bytes, default);
        await session.SendAsync(new Frame.Text("x"), default);
        await session.SendAsync(new MemoryStream(bytes.ToArray()), default);
        await session.SendTextAsync("x", default);
        await session.SendTextAsync(bytes, default);
        await session.SendBinaryAsync(bytes, default);
        await session.SendAsync(bytes, FrameType.Text, default);
        await session.SendAsync(bytes, default, default);

        string[] sent = new string[9];
        for (int i = 0; i < sent.Length; i++)
            sent[i] = (await test.Peer.ReceiveAsync()).Type.ToString();
        Assert.Equal(["Text", "Binary", "Text", "Binary", "Text", "Text", "Binary", "Text", "Binary"], sent);
        Task<CloseResult> closing = session.CloseAsync(default);
        test.Peer.SendClose(CloseReason.Normal);
        Assert.Equal(CloseReason.Normal, (await closing.Soon()).Sent);
    }

    [Fact]
    public async Task Options_need_no_token()
    {
        await using SessionUnderTest<DefaultWebSocketSession> test = SessionUnderTest.Default();
        SendOptions options = SendOptions.Untransformed;
        byte[] bytes = "x"u8.ToArray();

        await test.Session.SendAsync("x", options);
        await test.Session.SendAsync(bytes, options);
        await test.Session.SendAsync(bytes, FrameType.Text, options);
        await test.Session.SendAsync(new Frame.Binary(bytes), options);
        await test.Session.SendAsync(new MemoryStream(bytes), options);
        await test.Session.SendAsync(new MemoryStream(bytes), FrameType.Text, options);
        await test.Session.SendTextAsync("x", options);
        await test.Session.SendTextAsync(bytes, options);
        await test.Session.SendBinaryAsync(bytes, options);

        string[] sent = new string[9];
        for (int i = 0; i < sent.Length; i++)
            sent[i] = (await test.Peer.ReceiveAsync()).Type.ToString();
        Assert.Equal(["Text", "Binary", "Text", "Binary", "Binary", "Text", "Text", "Text", "Binary"], sent);
    }
}
