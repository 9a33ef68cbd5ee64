using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Duplex.Tests;

/// <summary>Duplex and HAProxy, which takes sessions over HTTP/2 and hands them to Kestrel over HTTP/1.1.</summary>
public sealed class HAProxyTests(HAProxy proxy) : IClassFixture<HAProxy>
{
    private static readonly Transport[] Both = [Transport.H2c, Transport.H2];

    public static TheoryData<Transport> Over => [.. Both];

    public static TheoryData<Transport, int> Options => new(from transport in Both from way in Enumerable.Range(0, Interoperation.Compressions.Count) select (transport, way));

    [Theory, MemberData(nameof(Over))]
    public async Task Plain_messages_come_back(Transport transport)
    {
        proxy.Need();
        await Interoperation.UseAsync(proxy.Uri(transport, "/echo"), compression: null, async session =>
        {
            Assert.Equal(HttpVersion.Version20, session.Call.Response!.Version);
            await Interoperation.EchoAsync(session);
            await session.PingAsync().Soon();
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    [Theory, MemberData(nameof(Options))]
    public async Task Compressed_messages_come_back(Transport transport, int way)
    {
        proxy.Need();
        await Interoperation.UseAsync(proxy.Uri(transport, "/deflate"), way, async session =>
        {
            Assert.True(session.TryGetExtension<PerMessageDeflate>(out _));
            await Interoperation.EchoAsync(session);
            await Interoperation.CloseAsync(session);
        }, transport);
    }

    [Theory, MemberData(nameof(Over))]
    public async Task Fragments_and_a_close_of_the_server_are_understood(Transport transport)
    {
        proxy.Need();
        await Interoperation.UseAsync(proxy.Uri(transport, "/fragments"), compression: null, async session =>
        {
            await Interoperation.ComesAsync(session, Words.Text("gr\u00FC\u00DFe \U0001F600"));
            await Interoperation.ComesAsync(session, "empty binary");
            Assert.True((await session.Completion.Soon()).WasClean);
        }, transport);
        await Interoperation.UseAsync(proxy.Uri(transport, "/close?code=4001&text=asked%20to"), compression: null, async session =>
        {
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((new CloseReason((CloseCode)4001, "asked to"), CloseInitiator.Remote, true), (end.Received, end.Initiator, end.WasClean));
        }, transport);
    }

    [Theory, MemberData(nameof(Over))]
    public async Task A_server_that_vanishes_is_a_lost_connection(Transport transport)
    {
        proxy.Need();
        await Interoperation.UseAsync(proxy.Uri(transport, "/vanish"), compression: null, async session =>
        {
            await Interoperation.ComesAsync(session, Words.Text("last words"));
            await session.SendAsync("heard");
            CloseResult end = await session.Completion.Soon();
            Assert.Equal((CloseInitiator.None, false), (end.Initiator, end.WasClean));
            Assert.IsAssignableFrom<IOException>(end.Error);
        }, transport);
    }

    [Theory, MemberData(nameof(Over))]
    public async Task An_abort_reaches_the_server_and_leaves_the_connection_to_others(Transport transport)
    {
        proxy.Need();
        using HttpClient client = Conversation.CreateClient(_ => { }, transport);
        await using DefaultClientWebSocketSession other = await client.WebSocketSessionAsync(proxy.Uri(transport, "/echo")).Soon();
        await using DefaultClientWebSocketSession session = await client.WebSocketSessionAsync(proxy.Uri(transport, "/deaf")).Soon();

        session.Abort(); // the server waits for just that, and would hold up the fixture's end

        Assert.False((await session.Completion.Soon()).WasClean);
        await other.SendAsync("still here");
        await Interoperation.ComesAsync(other, Words.Text("still here"));
    }

    [Theory, MemberData(nameof(Over))]
    public async Task A_refusal_of_the_server_comes_with_its_status(Transport transport)
    {
        proxy.Need();
        var error = await Assert.ThrowsAsync<WebSocketHandshakeException>(() => Interoperation.UseAsync(proxy.Uri(transport, "/none"), compression: null, _ => Task.CompletedTask, transport));
        Assert.Equal(HttpStatusCode.NotFound, error.StatusCode);
    }
}

/// <summary>A real HAProxy before two Kestrels, one of which compresses; if it is not there, why not.</summary>
public sealed class HAProxy : IAsyncLifetime
{
    // A port is chosen before it is listened at, so that another process may be quicker now and then.
    private const int Tries = 10;

    private readonly CertificateFile _certificate = new();
    private readonly string _settings = Path.GetTempFileName();
    private readonly KestrelServer _plain = new();
    private WebApplication? _deflating;
    private Process? _process;
    private int _port;
    private int _securePort;
    private string? _lacks;

    /// <summary>Skips the test where there is no HAProxy.</summary>
    public void Need() => Assert.SkipWhen(_lacks is not null, _lacks ?? "");

    public Uri Uri(Transport transport, string path) => transport.IsSecure() ? new($"wss://127.0.0.1:{_securePort}{path}") : new($"ws://127.0.0.1:{_port}{path}");

    public async ValueTask InitializeAsync()
    {
        await _plain.InitializeAsync();
        _deflating = await KestrelTests.StartAsync(new WebSocketAcceptContext { DangerousEnableCompression = true });
        for (int i = 0; i < Tries; i++)
        {
            (_port, _securePort) = Free();
            await File.WriteAllTextAsync(_settings, $$"""
                defaults
                    mode http
                    timeout connect 10s
                    timeout client 60s
                    timeout server 60s
                    timeout tunnel 60s
                frontend sessions
                    bind 127.0.0.1:{{_port}} proto h2
                    bind 127.0.0.1:{{_securePort}} ssl crt {{_certificate.Path}} alpn h2
                    use_backend deflating if { path /deflate }
                    default_backend plain
                backend plain
                    server kestrel 127.0.0.1:{{_plain["ws"].Port}}
                backend deflating
                    server kestrel 127.0.0.1:{{KestrelTests.Uri(_deflating).Port}}

                """);
            try
            {
                _process = Process.Start(new ProcessStartInfo("haproxy", ["-db", "-f", _settings]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            }
            catch (Win32Exception e)
            {
                _lacks = $"Needs HAProxy: install haproxy, as .ci/run does. ({e.Message})";
                return;
            }

            _process.OutputDataReceived += (_, _) => { };
            _process.ErrorDataReceived += (_, _) => { };
            _process.BeginOutputReadLine(); // it writes what it does, and must not wait for a reader
            _process.BeginErrorReadLine();
            if (await ListensAsync(_port) && await ListensAsync(_securePort))
                return;
            Stop();
        }

        throw new InvalidOperationException("HAProxy is there, and does not start.");
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        File.Delete(_settings);
        _certificate.Dispose();
        if (_deflating is not null)
            await _deflating.DisposeAsync();
        await _plain.DisposeAsync();
    }

    private static (int, int) Free()
    {
        using TcpListener one = new(IPAddress.Loopback, 0), other = new(IPAddress.Loopback, 0);
        one.Start();
        other.Start();
        return (((IPEndPoint)one.LocalEndpoint).Port, ((IPEndPoint)other.LocalEndpoint).Port);
    }

    private void Stop()
    {
        if (_process is null)
            return;
        _process.Kill(); // nothing happens if it has ended
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    // It has no way to tell that it is ready but to be asked.
    private async Task<bool> ListensAsync(int port)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!_process!.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience.Limit)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, port).Soon();
                return !_process.HasExited;
            }
            catch (SocketException)
            {
                await Task.Yield();
            }
        }

        return false;
    }
}
