using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Duplex.Tests;

/// <summary>A real tinyproxy, started for a test and ended with it. It wants credentials, and tunnels to some ports only.</summary>
internal sealed class TinyProxy : IDisposable
{
    // A port is chosen before it is listened at, so that another process may be quicker now and then.
    private const int Tries = 10;

    private readonly Process _process;
    private readonly string _settings;

    private TinyProxy(Process process, string settings, int port)
    {
        _process = process;
        _settings = settings;
        Uri = new Uri($"http://127.0.0.1:{port}");
    }

    public static NetworkCredential Credentials { get; } = new("user", "password");

    public Uri Uri { get; }

    /// <summary>Starts one, or skips the test where there is none.</summary>
    /// <param name="ports">The ports that it tunnels to.</param>
    public static async Task<TinyProxy> StartAsync(params int[] ports)
    {
        for (int i = 0; i < Tries; i++)
        {
            int port = Free();
            string settings = Path.GetTempFileName();
            await File.WriteAllLinesAsync(settings,
                [$"Port {port}", "Listen 127.0.0.1", "Allow 127.0.0.1", $"BasicAuth {Credentials.UserName} {Credentials.Password}", .. ports.Select(allowed => $"ConnectPort {allowed}")]);
            var started = Start(settings);
            var proxy = new TinyProxy(started, settings, port);
            if (await proxy.ListensAsync())
                return proxy;
            proxy.Dispose();
        }

        throw new InvalidOperationException("tinyproxy is there, and does not start.");
    }

    public void Dispose()
    {
        _process.Kill(); // nothing happens if it has ended
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_settings);
    }

    private static Process Start(string settings)
    {
        try
        {
            var process = Process.Start(new ProcessStartInfo("tinyproxy", ["-d", "-c", settings]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine(); // it writes what it does, and must not wait for a reader
            process.BeginErrorReadLine();
            return process;
        }
        catch (Win32Exception e)
        {
            File.Delete(settings);
            Assert.Skip($"Needs tinyproxy: install it, as .ci/run does. ({e.Message})");
            throw;
        }
    }

    // It has no way to tell that it is ready but to be asked.
    private async Task<bool> ListensAsync()
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!_process.HasExited && TimeProvider.System.GetElapsedTime(began) < Patience.Limit)
        {
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, Uri.Port).Soon();
                return !_process.HasExited;
            }
            catch (SocketException)
            {
                await Task.Yield();
            }
        }

        return false;
    }

    private static int Free()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
