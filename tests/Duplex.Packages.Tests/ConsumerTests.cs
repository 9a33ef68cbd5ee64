using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>Programs that see nothing but the packages and the registry are built without a warning, and work.</summary>
public sealed class ConsumerTests(LocalFeed feed, KestrelServer server) : IClassFixture<KestrelServer>
{
    [Fact]
    public async Task A_console_program() => await RunConsoleAsync(await feed.PublishAsync("Console", "console"));

    [Fact]
    public async Task A_worker_with_a_named_client_from_its_settings() => await RunWorkerAsync(await feed.PublishAsync("Worker", "worker"));

    [Fact]
    public async Task A_native_console_program()
    {
        NeedLinker();
        string program = await feed.PublishAsync("Console", "native", "PublishAot=true", "TrimmerSingleWarn=false");
        await RunConsoleAsync(program);
        AssertSize("A console program, native AOT", Path.Combine(program, Executable("Console")));
    }

    [Fact]
    public Task A_native_worker()
    {
        NeedLinker();
        return PublishWorkerAsync("A worker with a host, native AOT", "native-worker", "PublishAot=true");
    }

    [Fact]
    public Task A_trimmed_worker_in_one_file() => PublishWorkerAsync(
        "A worker with a host, trimmed, in one file with the runtime", "trimmed", "PublishTrimmed=true", "PublishSingleFile=true", "SelfContained=true");

    private async Task PublishWorkerAsync(string row, string name, params string[] properties)
    {
        string program = await feed.PublishAsync("Worker", name, [.. properties, "TrimmerSingleWarn=false"]);
        await RunWorkerAsync(program);
        AssertSize(row, Path.Combine(program, Executable("Worker")));
    }

    private static string Executable(string name) => OperatingSystem.IsWindows() ? $"{name}.exe" : name;

    // The SDK's default on Linux and macOS. On Windows it needs Visual Studio's linker, which cannot be looked for so simply.
    private static void NeedLinker() => Assert.SkipUnless(
        !OperatingSystem.IsWindows() && Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "clang"))),
        "Needs clang to link native code: install it, as .ci/run does.");

    // docs/how-to/aot.md prints the sizes of Linux on x64, rounded.
    private static void AssertSize(string row, string file)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return;
        string page = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "docs", "how-to", "aot.md"));
        Match found = Regex.Match(page, $@"\| {Regex.Escape(row)} \| ([\d.]+) MB \|");
        Assert.True(found.Success, $"docs/how-to/aot.md has no row \"{row}\".");
        double printed = double.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture);

        double size = new FileInfo(file).Length / 1e6;

        Assert.True(Math.Abs(size - printed) <= 0.15 * printed, string.Create(CultureInfo.InvariantCulture, $"docs/how-to/aot.md says {printed} MB of \"{row}\"; it has {size:0.0} MB."));
    }

    private async Task RunConsoleAsync(string program)
    {
        string printed = await Sdk.RunProgramAsync(
            Path.Combine(program, Executable("Console")), program, server["ws"].AbsoluteUri, server["wss"].AbsoluteUri, LoopbackCertificate.Instance.GetCertHashString());

        Assert.Equal(
            ["plain: over TCP", "tls: over TLS", "deflate: as sent", "json: Tick { Symbol = EURUSD, Price = 1.07 }", "close: NormalClosure, clean: True", "feed: subscribe, order"],
            printed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private async Task RunWorkerAsync(string program)
    {
        string printed = await Sdk.RunProgramAsync(
            Path.Combine(program, Executable("Worker")), program, "--Address", server["ws"].AbsoluteUri.Replace("ws:", "http:", StringComparison.Ordinal));

        Assert.Contains("worker: Tick { Symbol = EURUSD, Price = 1.07 }", printed, StringComparison.Ordinal);
        Assert.Contains("options: echo.v1, True", printed, StringComparison.Ordinal);
        Assert.Contains("quotes: subscribe", printed, StringComparison.Ordinal);
        Assert.Contains("info: Duplex", printed, StringComparison.Ordinal); // by the container's logger
    }
}
