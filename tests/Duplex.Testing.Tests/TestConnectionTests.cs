namespace Duplex.Tests;

public sealed class TestConnectionTests
{
    private readonly TestConnection _connection = new(
        3, new TestRequest(new HttpRequestMessage(HttpMethod.Get, "ws://any.test/")), DateTimeOffset.UnixEpoch, () => Patience.Limit);

    [Fact]
    public async Task A_wait_ends_with_the_message_or_with_the_connection()
    {
        Task<TestMessage> text = _connection.Received("a");
        Task<TestMessage> never = _connection.Received("b");
        _connection.Record(new TestMessage(FrameType.Binary, "a"u8.ToArray(), default));
        Assert.False(text.IsCompleted);
        _connection.Record(new TestMessage(FrameType.Text, "a"u8.ToArray(), default));
        await text.Soon();
        Assert.Equal(FrameType.Binary, (await _connection.Received(message => message.Text == "a")).Type);

        _connection.End(null);
        var error = await Assert.ThrowsAsync<WebSocketTestException>(() => never);
        Assert.StartsWith("Connection 3 received no message that fits \"b\", and has ended. Received: Binary of 1 bytes, \"a\".", error.Message, StringComparison.Ordinal);
        Assert.Null(await _connection.Completion);
    }

    [Fact]
    public void One_that_was_not_opened_cannot_vanish()
    {
        _connection.Vanish();
        Assert.Equal((3, false, DateTimeOffset.UnixEpoch), (_connection.Number, _connection.IsOpen, _connection.StartedAt));
    }

    [Fact]
    public async Task One_that_has_ended_is_not_open()
    {
        await using var server = new WebSocketTestServer();
        using HttpClient client = server.CreateClient();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync("feed");
        TestConnection connection = server.Connections[0];
        Assert.True(connection.IsOpen);

        connection.Vanish(ConnectionLoss.EndOfStream);

        Assert.False((await connection.Completion.Soon())!.WasClean);
        Assert.False((await session.Completion.Soon()).WasClean);
        Assert.False(connection.IsOpen);
    }
}
