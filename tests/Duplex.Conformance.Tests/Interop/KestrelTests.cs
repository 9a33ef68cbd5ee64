using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Duplex and Kestrel, with each of its options for compression.</summary>
public sealed class KestrelTests
{
    public static TheoryData<bool, int, int> Options =>
        new(from takesOver in (bool[])[true, false] from bits in (int[])[9, 12, 15] from way in Enumerable.Range(0, Interoperation.Compressions.Count) select (takesOver, bits, way));

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back_whatever_both_sides_are_set_to(bool takesOver, int bits, int way)
    {
        await using WebApplication app = await StartAsync(new WebSocketAcceptContext { DangerousEnableCompression = true, DisableServerContextTakeover = !takesOver, ServerMaxWindowBits = bits });
        await Interoperation.UseAsync(Uri(app), way, async session =>
        {
            Assert.True(session.TryGetExtension(out PerMessageDeflate? deflate));
            Assert.Equal(takesOver && Interoperation.Compressions[way].Name != "no takeover", deflate.ServerContextTakeover);
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        });
    }

    [Fact]
    public async Task Plain_messages_come_back_where_compression_is_offered_and_declined()
    {
        await using WebApplication app = await StartAsync(new WebSocketAcceptContext());
        await Interoperation.UseAsync(Uri(app), compression: 1, async session =>
        {
            Assert.False(session.TryGetExtension<PerMessageDeflate>(out _));
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        });
    }

    private static Uri Uri(WebApplication app) => new(app.Urls.Single().Replace("http:", "ws:", StringComparison.Ordinal));

    private static async Task<WebApplication> StartAsync(WebSocketAcceptContext accept)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        app.UseWebSockets();
        app.Run(async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(accept);
            byte[] buffer = new byte[64 * 1024];
            ValueWebSocketReceiveResult received;
            while ((received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted)).MessageType != WebSocketMessageType.Close)
                await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
            await socket.CloseOutputAsync(socket.CloseStatus ?? WebSocketCloseStatus.Empty, socket.CloseStatusDescription, context.RequestAborted);
        });
        await app.StartAsync();
        return app;
    }
}
