using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>The examples of the documents that talk to a server do so, to the end and without an exception.</summary>
[Collection(nameof(ReadmeTests))]
public sealed partial class ExampleRunTests : IAsyncLifetime
{
    // Where examples read and write their files.
    private readonly string _folder = Directory.CreateTempSubdirectory("duplex-examples-").FullName;

    private WebApplication _server = null!; // until InitializeAsync

    public static TheoryData<string, string> Examples => DocumentTests.RunExamples;

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await File.WriteAllBytesAsync(Path.Combine(_folder, "large.bin"), new byte[1 << 20], TestContext.Current.CancellationToken);
        _server = builder.Build();
        _server.UseWebSockets();
        _server.Map("/echo", EchoAsync);
        _server.Map("/feed", FeedAsync);
        _server.Map("/quotes", QuotesAsync);
        _server.Map("/files", FilesAsync);
        _server.MapPost("/login", context =>
        {
            context.Response.Cookies.Append("session", "12345");
            return Task.CompletedTask;
        });
        await _server.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(Examples), DisableDiscoveryEnumeration = true)]
    public async Task An_example_runs(string name, string code)
    {
        Assert.NotEmpty(name);
        await ReadmeTests.RunAsync(
            FileName().Replace(code, match => $"@\"{Path.Combine(_folder, match.Groups[1].Value)}\""),
            new Uri(_server.Urls.First()));
    }

    [Fact]
    public async Task An_example_that_throws_is_found() =>
        await Assert.ThrowsAnyAsync<Exception>(() => ReadmeTests.RunAsync("await client.WebSocketSessionAsync(\"relative\");"));

    private static Task<WebSocket> AcceptAsync(HttpContext context) =>
        context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.FirstOrDefault());

    // Gives back each message until the client closes.
    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await AcceptAsync(context);
        byte[] buffer = new byte[4096];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    private static async Task FeedAsync(HttpContext context)
    {
        using WebSocket socket = await AcceptAsync(context);
        await SendTicksAsync(socket, context);
    }

    // Takes a file, gives one back, and closes.
    private static async Task FilesAsync(HttpContext context)
    {
        using WebSocket socket = await AcceptAsync(context);
        byte[] buffer = new byte[64 * 1024];
        while (!(await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).EndOfMessage)
        {
        }

        await socket.SendAsync(buffer.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, context.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    // A feed that begins with the client's first message.
    private static async Task QuotesAsync(HttpContext context)
    {
        using WebSocket socket = await AcceptAsync(context);
        await socket.ReceiveAsync(new byte[4096].AsMemory(), context.RequestAborted);
        await SendTicksAsync(socket, context);
    }

    // Five messages and a Close.
    private static async Task SendTicksAsync(WebSocket socket, HttpContext context)
    {
        for (int i = 0; i < 5; i++)
            await socket.SendAsync(Encoding.UTF8.GetBytes($$"""{"symbol":"EURUSD","price":1.0{{i}}}""").AsMemory(), WebSocketMessageType.Text, endOfMessage: true, context.RequestAborted);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    [GeneratedRegex(@"""([a-z]+\.bin)""")]
    private static partial Regex FileName();
}
