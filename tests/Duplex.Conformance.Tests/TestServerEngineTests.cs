using System.Net.Http.Headers;
using Microsoft.AspNetCore.TestHost;

namespace Duplex.Tests;

/// <summary>ASP.NET's server in memory, by its own WebSocketClient.</summary>
public sealed class TestServerEngineTests : EngineConformance, IClassFixture<TestHost>
{
    private readonly TestServer _server;

    public TestServerEngineTests(TestHost host)
    {
        _server = host.Server;
        Engine = WebSocketEngines.From(
            async (request, token) =>
            {
                WebSocketClient client = _server.CreateWebSocketClient();
                foreach (string subprotocol in request.Subprotocols)
                    client.SubProtocols.Add(subprotocol);
                client.ConfigureRequest = http =>
                {
                    foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated)
                        http.Headers[name] = values.ToString();
                    http.Headers.SecWebSocketProtocol = string.Join(", ", request.Subprotocols);
                };
                return await client.ConnectAsync(request.Uri!, token);
            },
            EngineCapability.RequestHeaders);
    }

    protected override Uri Server => new("ws://localhost/");

    protected override WebSocketEngine Engine { get; }

    [Fact]
    public async Task An_empty_close_of_the_peer_is_1005()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync("/close?code=1005");

        Assert.False(await session.Incoming.WaitToReadAsync().Soon());
        CloseResult end = await session.Completion.Soon();

        Assert.Equal((CloseReason.NoStatus, CloseInitiator.Remote, true), (end.Received, end.Initiator, end.WasClean));
    }

    [Theory]
    [InlineData("code=1004")]
    [InlineData("code=2000")]
    public async Task A_close_code_that_no_wire_would_carry_is_a_violation_all_the_same(string query)
    {
        await using DefaultClientWebSocketSession session = await OpenAsync($"/close?{query}");

        await Assert.ThrowsAsync<WebSocketProtocolException>(() => session.Incoming.ReadAsync().AsTask().Soon());

        Assert.Equal(CloseCode.ProtocolError, (await session.Completion.Soon()).Sent!.Code);
    }

    [Fact]
    public async Task A_close_reason_that_no_frame_would_hold_is_a_violation_all_the_same()
    {
        await using DefaultClientWebSocketSession session = await OpenAsync($"/close?code=1000&text={new string('x', 5000)}");

        await Assert.ThrowsAsync<WebSocketProtocolException>(() => session.Incoming.ReadAsync().AsTask().Soon());

        Assert.Equal(CloseCode.ProtocolError, (await session.Completion.Soon()).Sent!.Code);
    }

    [Fact]
    [KtorParity("test-opening/TestApplicationTestJvm.testWebSocketConnectionFailed")]
    public async Task A_path_without_a_socket_fails_the_handshake_with_the_servers_error_inside()
    {
        using HttpClient client = Client();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(Server, "/plain")).Soon());

        Assert.IsType<InvalidOperationException>(error.InnerException);
    }

    [Fact]
    [KtorParity("test-opening/TestApplicationTestJvm.testWebSocketWithError")]
    public async Task A_path_that_throws_fails_the_handshake_with_the_servers_error_inside()
    {
        using HttpClient client = Client();

        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => client.WebSocketSessionAsync(new Uri(Server, "/broken")).Soon());

        Assert.Equal("The route is broken.", Assert.IsType<InvalidOperationException>(error.InnerException).Message);
    }
}
