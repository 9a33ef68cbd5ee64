using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Duplex.EndToEnd;

/// <summary>
/// The server of workloads over HTTP/2, without TLS: Kestrel, and the frames of <see cref="LoopbackServer"/> over the
/// stream of an extended CONNECT. Paths: /echo, /flood?size=&amp;count=, /sink?size=&amp;count=.
/// A flood with &amp;wait= begins when a message of one byte has arrived.
/// </summary>
internal sealed class Http2Server : IAsyncDisposable
{
    // A sender must wait for the server's reads, not for its window.
    private const int WindowSize = 8 * 1024 * 1024;

    // Sessions of the last round may still be ending when the next opens as many.
    private const int MaxStreams = 2 * Share.Sessions;

    private readonly WebApplication _app;

    private Http2Server(WebApplication app) => _app = app;

    public int Port => new Uri(_app.Urls.Single()).Port;

    public static async Task<Http2Server> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.InitialConnectionWindowSize = WindowSize;
            kestrel.Limits.Http2.InitialStreamWindowSize = WindowSize;
            kestrel.Limits.Http2.MaxStreamsPerConnection = MaxStreams;
        });
        WebApplication app = builder.Build();
        app.Run(ServeAsync);
        await app.StartAsync();
        return new Http2Server(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static async Task ServeAsync(HttpContext context)
    {
        try
        {
            int size = Number(context, "size");
            long count = Number(context, "count");
            Stream stream = await context.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
            if (context.Request.Query.ContainsKey("wait"))
                await stream.ReadExactlyAsync(new byte[LoopbackServer.MaskedLength(1, 1)]);
            await (context.Request.Path.Value switch
            {
                "/echo" => EchoAsync(stream),
                "/flood" => FloodAsync(stream, size, count),
                "/sink" => SinkAsync(stream, size, count),
                _ => Task.CompletedTask,
            });
            await DrainAsync(stream);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client reset the stream or disconnected.
        }
    }

    private static int Number(HttpContext context, string name) =>
        int.Parse(context.Request.Query[name].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);

    private static async Task FloodAsync(Stream stream, int size, long count)
    {
        (byte[] block, long left) = LoopbackServer.Block(Opcode.Binary, size, count);
        while (left > 0)
        {
            int length = (int)Math.Min(left, block.Length);
            left -= length;
            await SendAsync(stream, block.AsMemory(0, length));
        }
    }

    private static async Task SinkAsync(Stream stream, int size, long count)
    {
        byte[] buffer = new byte[LoopbackServer.BufferSize];
        for (long left = LoopbackServer.MaskedLength(size, count); left > 0;)
        {
            int read = await stream.ReadAsync(buffer);
            if (read == 0)
                return;
            left -= read;
        }

        await SendAsync(stream, LoopbackServer.Frame(Opcode.Text, 1));
    }

    // The largest echo is smaller than the buffer.
    private static async Task EchoAsync(Stream stream)
    {
        byte[] input = new byte[LoopbackServer.BufferSize];
        byte[] output = new byte[LoopbackServer.BufferSize];
        int kept = 0;
        while (await stream.ReadAsync(input.AsMemory(kept)) is > 0 and var read)
        {
            int length = kept + read;
            (int used, int written, bool closed) = LoopbackServer.EchoFrames(input.AsSpan(0, length), output);
            if (written > 0)
                await SendAsync(stream, output.AsMemory(0, written));
            if (closed)
                return;
            kept = length - used;
            input.AsSpan(used, kept).CopyTo(input);
        }
    }

    // Reads until the client has closed: returning earlier would reset the stream.
    private static async Task DrainAsync(Stream stream)
    {
        byte[] buffer = new byte[256];
        while (await stream.ReadAsync(buffer) is > 0 and var read)
        {
            if (!FrameHeader.TryParse(buffer.AsSpan(0, read), out FrameHeader header) || header.Opcode != Opcode.Close)
                continue;
            await SendAsync(stream, new byte[] { 0x88, 0x00 });
            return;
        }
    }

    private static async ValueTask SendAsync(Stream stream, ReadOnlyMemory<byte> bytes)
    {
        await stream.WriteAsync(bytes);
        await stream.FlushAsync();
    }
}
