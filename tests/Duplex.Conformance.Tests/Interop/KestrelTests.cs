using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Duplex and Kestrel, with each of its options for compression.</summary>
public sealed class KestrelTests
{
    public static TheoryData<bool, int, int, Transport> Options => new(
        from transport in (Transport[])[Transport.Tcp, Transport.H2c, Transport.H2]
        from takesOver in (bool[])[true, false]
        from bits in (int[])[9, 12, 15]
        from way in Enumerable.Range(0, Interoperation.Compressions.Count)
        select (takesOver, bits, way, transport));

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back_whatever_both_sides_are_set_to(bool takesOver, int bits, int way, Transport transport)
    {
        await using WebApplication app = await StartAsync(new WebSocketAcceptContext { DangerousEnableCompression = true, DisableServerContextTakeover = !takesOver, ServerMaxWindowBits = bits });
        await Interoperation.UseAsync(Uri(app, transport), way, async session =>
        {
            Assert.True(session.TryGetExtension(out PerMessageDeflate? deflate));
            Assert.Equal(takesOver && Interoperation.Compressions[way].Name != "no takeover", deflate.ServerContextTakeover);
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    [Theory, MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Plain_messages_come_back_where_compression_is_offered_and_declined(Transport transport)
    {
        await using WebApplication app = await StartAsync(new WebSocketAcceptContext());
        await Interoperation.UseAsync(Uri(app, transport), compression: 1, async session =>
        {
            Assert.False(session.TryGetExtension<PerMessageDeflate>(out _));
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    internal static Uri Uri(WebApplication app, Transport transport = Transport.Tcp) => new(app.Urls.ElementAt((int)transport).Replace("http", "ws", StringComparison.Ordinal));

    internal static async Task<WebApplication> StartAsync(WebSocketAcceptContext accept)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            foreach (Transport transport in Enum.GetValues<Transport>())
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen =>
                {
                    listen.Protocols = transport.IsHttp2() ? HttpProtocols.Http2 : HttpProtocols.Http1;
                    if (transport.IsSecure())
                        listen.UseHttps(LoopbackCertificate.Instance);
                });
            }
        });
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
