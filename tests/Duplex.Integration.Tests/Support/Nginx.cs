using System.ComponentModel;
using System.Diagnostics;

namespace Duplex.Tests;

/// <summary>A real nginx before a server of WebSockets, started for a test and ended with it. It listens at a Unix domain socket.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    // Debian has it outside of the path of those who are not root.
    private static readonly string[] Programs = ["nginx", "/usr/sbin/nginx"];

    private readonly string _folder = Directory.CreateTempSubdirectory("duplex-nginx-").FullName;
    private readonly string _program;
    private readonly Process _process;

    private Nginx(int port)
    {
        File.WriteAllText(Path.Combine(_folder, "nginx.conf"), $$"""
            daemon off;
            pid {{_folder}}/pid;
            worker_processes 1;
            worker_shutdown_timeout 100ms; # how long the connections of before a reload last
            events { }
            http {
                access_log off;
                client_body_temp_path {{_folder}}/body;
                proxy_temp_path {{_folder}}/proxy;
                fastcgi_temp_path {{_folder}}/fastcgi;
                uwsgi_temp_path {{_folder}}/uwsgi;
                scgi_temp_path {{_folder}}/scgi;
                server {
                    listen unix:{{_folder}}/socket;
                    location / {
                        proxy_pass http://127.0.0.1:{{port}};
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection upgrade;
                    }
                }
            }

            """);
        (_process, _program) = Start();
    }

    public Uri Uri => new($"ws+unix:{_folder}/socket:/");

    /// <summary>Starts one, or skips the test where there is none.</summary>
    /// <param name="port">The port of the server.</param>
    public static Nginx Start(int port)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs nginx with Unix domain sockets.");
        return new Nginx(port);
    }

    /// <summary>New workers take over; those of before drop their connections.</summary>
    public async Task ReloadAsync()
    {
        using Process signalling = Process.Start(Arguments(_program, "-s", "reload"))!;
        string errors = await signalling.StandardError.ReadToEndAsync().Soon();
        await signalling.WaitForExitAsync().Soon();
        Assert.True(signalling.ExitCode == 0, errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            using Process signalling = Process.Start(Arguments(_program, "-s", "stop"))!; // ends the workers, too
            await signalling.WaitForExitAsync().Soon();
        }

        await _process.WaitForExitAsync().Soon();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private (Process, string) Start()
    {
        string lacks = "";
        foreach (string program in Programs)
        {
            try
            {
                Process process = Process.Start(Arguments(program))!;
                process.ErrorDataReceived += (_, _) => { };
                process.BeginErrorReadLine(); // it writes what it does, and must not wait for a reader
                return (process, program);
            }
            catch (Win32Exception e)
            {
                lacks = e.Message;
            }
        }

        Directory.Delete(_folder, recursive: true);
        Assert.Skip($"Needs nginx: install nginx-light, as .ci/run does. ({lacks})");
        throw new InvalidOperationException(lacks);
    }

    private ProcessStartInfo Arguments(string program, params string[] more) =>
        new(program, ["-e", "stderr", "-p", _folder, "-c", "nginx.conf", .. more]) { RedirectStandardError = true };
}
