using System.Net.WebSockets;
using System.Text;
using Chat;
using Chat.Server;
using Microsoft.AspNetCore.Builder;

namespace Duplex.Tests;

/// <summary>The sample's server and clients in one process, with terminals that the test types on.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private readonly WebApplication _server = ChatServer.Create(port: 0);
    private readonly CancellationTokenSource _limit = new(Patience.Limit);

    public async ValueTask InitializeAsync() => await _server.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _limit.Dispose();
    }

    [Fact]
    public async Task Two_talk_and_leave()
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann");
        (ScriptedTerminal bob, Task<int> bobEnds) = await JoinAsync("Bob");
        await ann.SeeAsync("* Bob is here.", _limit.Token);

        ann.Type("Hello");
        Assert.Equal("Ann: Hello", await bob.SeeAsync("Ann", _limit.Token));
        bob.Type("Grüß dich, Ann 👋");
        Assert.Equal("Bob: Grüß dich, Ann 👋", await ann.SeeAsync("Bob", _limit.Token));
        ann.Type("/ping");
        Assert.Matches(@"^\* The round trip takes \d+\.\d\d ms\.$", await ann.SeeAsync("* The round", _limit.Token));
        ann.Type("/quit");
        Assert.Equal("* You have left (1000 NormalClosure).", await ann.SeeAsync("* You have", _limit.Token));
        await bob.SeeAsync("* Ann has left.", _limit.Token);
        bob.EndInput();
        await bob.SeeAsync("* You have left", _limit.Token);

        Assert.Equal(0, await annEnds.Soon());
        Assert.Equal(0, await bobEnds.Soon());
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"type\":\"shout\"}")]
    [InlineData("{\"type\":\"say\"}")]
    [InlineData("hello")]
    public async Task A_client_that_sends_something_else_disturbs_nobody(string json)
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann");
        using (var stranger = new ClientWebSocket())
        {
            await stranger.ConnectAsync(new Uri(Address, "/rooms/lobby?name=Eve"), _limit.Token);
            await ann.SeeAsync("* Eve is here.", _limit.Token);
            await stranger.SendAsync(Encoding.UTF8.GetBytes(json).AsMemory(), WebSocketMessageType.Text, true, _limit.Token);
        }

        Assert.Equal("* Eve has left.", await ann.SeeAsync("", _limit.Token));
        ann.Type("/quit");
        Assert.Equal(0, await annEnds.Soon());
    }

    [Fact]
    public async Task A_room_hears_only_its_own_members()
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann", "red");
        (ScriptedTerminal bob, Task<int> bobEnds) = await JoinAsync("Bob", "blue");

        bob.Type("Is anyone blue?");
        await bob.SeeAsync("Bob: Is anyone", _limit.Token);
        (ScriptedTerminal carl, Task<int> carlEnds) = await JoinAsync("Carl", "red");

        Assert.Equal("* Carl is here.", await ann.SeeAsync("", _limit.Token));
        foreach (ScriptedTerminal terminal in (ScriptedTerminal[])[ann, bob, carl])
            terminal.Type("/quit");
        Assert.All(await Task.WhenAll(annEnds, bobEnds, carlEnds).Soon(), exitCode => Assert.Equal(0, exitCode));
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_with_the_reason()
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann");

        var second = new ScriptedTerminal();
        Assert.Equal(1, await ChatApp.RunAsync(Address, "lobby", "Ann", second).Soon());
        Assert.Equal("* Not connected. The name Ann is taken in lobby.", await second.SeeAsync("*", _limit.Token));

        ann.Type("/quit");
        await annEnds.Soon();
        (ScriptedTerminal third, Task<int> thirdEnds) = await JoinAsync("Ann"); // the name is free again
        third.Type("/quit");
        Assert.Equal(0, await thirdEnds.Soon());
    }

    [Fact]
    public async Task A_server_that_stops_says_so()
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann");

        await _server.StopAsync(_limit.Token);

        Assert.Equal(
            "* The server ended the session (1001 GoingAway: The server stops.).",
            await ann.SeeAsync("* The server", _limit.Token));
        Assert.Equal(0, await annEnds.Soon());
    }

    [Fact]
    public async Task A_line_that_is_too_long_costs_the_connection()
    {
        (ScriptedTerminal ann, Task<int> annEnds) = await JoinAsync("Ann");

        ann.Type(new string('a', 5000));

        await ann.SeeAsync("* The connection was lost.", _limit.Token);
        Assert.Equal(1, await annEnds.Soon());
    }

    [Fact]
    public async Task No_server_is_an_error_with_a_reason()
    {
        var terminal = new ScriptedTerminal();

        Assert.Equal(1, await ChatApp.RunAsync(new Uri("ws://127.0.0.1:1"), "lobby", "Ann", terminal).Soon());

        await terminal.SeeAsync("* Not connected. The server cannot be reached", _limit.Token);
    }

    private Uri Address => new(_server.Urls.First().Replace("http", "ws", StringComparison.Ordinal));

    private async Task<(ScriptedTerminal Terminal, Task<int> Ends)> JoinAsync(string name, string room = "lobby")
    {
        var terminal = new ScriptedTerminal();
        Task<int> ends = ChatApp.RunAsync(Address, room, name, terminal);
        await terminal.SeeAsync($"* {name} is here.", _limit.Token);
        return (terminal, ends);
    }
}
