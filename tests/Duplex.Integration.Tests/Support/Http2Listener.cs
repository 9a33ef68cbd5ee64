using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>
/// A server of HTTP/2 that does what a test says: it hands over each request of its own address, unanswered. Kestrel, one for all tests of a process, has the HTTP/2; it knows
/// nothing of the WebSocket protocol here.
/// </summary>
internal sealed class Http2Listener : IDisposable
{
    private static readonly Lazy<Task<WebApplication>> Kestrel = new(StartAsync);
    private static readonly ConcurrentDictionary<string, Http2Listener> Listeners = [];

    private readonly Channel<Http2Exchange> _asked = Channel.CreateUnbounded<Http2Exchange>();
    private readonly string _name = Guid.NewGuid().ToString("N");

    private Http2Listener(Uri address)
    {
        Uri = new Uri(address, $"/{_name}");
        Listeners[_name] = this;
    }

    public Uri Uri { get; }

    public static async Task<Http2Listener> ListenAsync(bool tls)
    {
        WebApplication app = await Kestrel.Value.Soon();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ElementAt(tls ? 1 : 0);
        return new Http2Listener(new Uri(address.Replace("http", "ws", StringComparison.Ordinal)));
    }

    /// <summary>The next request. A GET is answered at once, and is not given out.</summary>
    public Task<Http2Exchange> AcceptAsync() => _asked.Reader.ReadAsync().Soon();

    public void Dispose() => Listeners.TryRemove(_name, out _);

    private static async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // A peer that a test lets stand still is not too slow.
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http2;
                listen.UseHttps(LoopbackCertificate.Instance);
            });
        });
        WebApplication app = builder.Build();
        app.Run(async context =>
        {
            if (!Listeners.TryGetValue(context.Request.Path.Value!.Split('/')[1], out Http2Listener? listener))
                context.Response.StatusCode = StatusCodes.Status404NotFound;
            else if (HttpMethods.IsConnect(context.Request.Method))
                await Http2Exchange.ServeAsync(context, listener._asked.Writer);
        });
        await app.StartAsync();
        return app;
    }
}

/// <summary>One extended CONNECT: its request, and then its stream.</summary>
internal sealed class Http2Exchange : IDisposable
{
    private readonly HttpContext _context;
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _disposed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Http2Exchange(HttpContext context)
    {
        _context = context;
        Aborted = context.RequestAborted;
    }

    /// <summary>Fires when the client resets the stream, or its connection is lost.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>The request in the form of HTTP/1.1, to its blank line.</summary>
    public string Head { get; private init; } = "";

    public static async Task ServeAsync(HttpContext context, ChannelWriter<Http2Exchange> asked)
    {
        var head = new StringBuilder($"{context.Request.Method} {context.Request.Path} {context.Request.Protocol}\r\n");
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Headers)
        {
            foreach (string? value in values)
                head.Append($"{name}: {value}\r\n");
        }

        var exchange = new Http2Exchange(context) { Head = head.Append("\r\n").ToString() };
        await asked.WriteAsync(exchange);
        await Task.WhenAny(exchange._finished.Task, exchange._disposed.Task);
        try
        {
            if (exchange._finished.Task.IsCompleted)
                await context.Response.CompleteAsync(); // END_STREAM; what the client sends can still be read
        }
        finally
        {
            exchange._completed.SetResult();
        }

        await exchange._disposed.Task;
    }

    /// <summary>Opens the stream, with header lines in the form of HTTP/1.1.</summary>
    public async Task<Stream> OpenAsync(string lines = "")
    {
        AddHeaders(lines);
        return await _context.Features.Get<IHttpExtendedConnectFeature>()!.AcceptAsync().Soon();
    }

    /// <summary>Refuses to open it.</summary>
    public async Task RefuseAsync(int status, string lines = "", string body = "")
    {
        _context.Response.StatusCode = status;
        AddHeaders(lines);
        if (body.Length > 0)
            await _context.Response.WriteAsync(body);
        await FinishAsync();
    }

    /// <summary>Ends what we send: END_STREAM.</summary>
    public Task FinishAsync()
    {
        _finished.TrySetResult();
        return _completed.Task.Soon();
    }

    /// <summary>RST_STREAM with a code of HTTP/2.</summary>
    public void Reset(int code) => _context.Features.Get<IHttpResetFeature>()!.Reset(code);

    /// <summary>Leaves the stream to Kestrel, which ends what is left of it.</summary>
    public void Dispose() => _disposed.TrySetResult();

    private void AddHeaders(string lines)
    {
        foreach (string line in lines.Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            _context.Response.Headers.Append(line[..colon], line[(colon + 1)..].Trim());
        }
    }
}
