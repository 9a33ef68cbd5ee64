namespace Duplex.Tests;

public sealed class ConnectionTests
{
    [Fact]
    public async Task The_time_that_it_was_ready_ends_with_the_session_not_when_it_is_asked_for()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        scene.Time.Advance(TimeSpan.FromSeconds(5)); // it was made ready
        connection.BecomeReady();
        Assert.False(connection.HasEnded);
        scene.Time.Advance(TimeSpan.FromSeconds(3));
        server.Abort();
        CloseResult result = await connection.EndAsync().Soon();
        Assert.True(connection.HasEnded);
        scene.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(3), connection.Verdict(DisconnectPhase.Ready, result).ConnectedFor);
    }

    [Fact]
    public async Task One_that_was_never_ready_was_ready_for_no_time()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        scene.Time.Advance(TimeSpan.FromSeconds(5));
        server.Abort();
        CloseResult result = await connection.EndAsync().Soon();
        Assert.Equal(TimeSpan.Zero, connection.Verdict(DisconnectPhase.GettingReady, result).ConnectedFor);
    }

    [Fact]
    public async Task Its_verdict_has_the_number_the_close_and_what_was_sent()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync(epoch: 7);
        connection.BecomeReady();
        await connection.Session.SendAsync("abc");
        await server.SendAsync("de");
        Assert.Equal("de", await connection.Session.ReceiveTextAsync().Soon());
        await server.CloseAsync(new CloseReason(4000, "bye")).Soon();
        CloseResult result = await connection.EndAsync().Soon();
        DisconnectVerdict verdict = connection.Verdict(DisconnectPhase.Ready, result);
        Assert.Equal((DisconnectPhase.Ready, 7), (verdict.Phase, verdict.Epoch));
        Assert.Same(result, verdict.Close);
        Assert.Equal((CloseInitiator.Remote, 4000), (result.Initiator, (int)result.Received!.Code));
        Assert.Equal((1, 3, 1, 2), (
            verdict.Statistics!.SentMessages, verdict.Statistics.SentBytes, verdict.Statistics.ReceivedMessages, verdict.Statistics.ReceivedBytes));
        Assert.Null(verdict.LastRoundTrip);
    }

    [Fact]
    public async Task The_error_of_the_code_comes_before_that_of_the_session()
    {
        await using var scene = new Scene();
        (Connection connection, DefaultWebSocketSession server) = await scene.OpenAsync();
        server.Abort();
        CloseResult result = await connection.EndAsync().Soon();
        var mine = new FormatException();
        Assert.Same(mine, connection.Verdict(DisconnectPhase.Ready, result, mine).Error);
        Assert.Same(result.Error, connection.Verdict(DisconnectPhase.Ready, result).Error);
    }
}
