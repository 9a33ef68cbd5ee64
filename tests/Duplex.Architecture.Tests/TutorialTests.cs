using System.Diagnostics;
using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Duplex.Tests;

/// <summary>Each step of the tutorial compiles, and the program that it ends with runs.</summary>
[Collection(nameof(ReadmeTests))]
public sealed class TutorialTests
{
    private const string Step = "```csharp step\n";

    // What the web SDK imports.
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Net.Http.Json;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        """;

    [Fact]
    public void Each_step_compiles()
    {
        CSharpCompilation[] programs = [.. Programs()];

        Assert.True(programs.Length >= 4, $"Found {programs.Length} programs.");
        foreach (CSharpCompilation program in programs)
            Assert.Empty(program.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error));
    }

    [Fact]
    public async Task The_last_program_serves_the_page_and_its_ticks_arrive()
    {
        CancellationToken token = TestContext.Current.CancellationToken;
        using var assembly = new MemoryStream();
        Assert.True(Programs().Last().Emit(assembly, cancellationToken: token).Success);
        MethodInfo main = Assembly.Load(assembly.ToArray()).EntryPoint!;

        using var hosts = new BuiltHosts();
        Task running = Task.Run(() => main.Invoke(null, [new[] { "--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None" }]), token);
        Task<IHost> building = hosts.First;
        if (await Task.WhenAny(building, running).WaitAsync(TimeSpan.FromSeconds(30), token) == running)
            await running; // throws
        IHost host = await building;
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        var started = new TaskCompletionSource();
        using CancellationTokenRegistration starting = lifetime.ApplicationStarted.Register(() => started.TrySetResult());
        await started.Task.WaitAsync(TimeSpan.FromSeconds(30), token);

        using var browser = new HttpClient { BaseAddress = new Uri(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
        Assert.Contains("<canvas", await browser.GetStringAsync("/", token), StringComparison.Ordinal);
        using (var events = new StreamReader(await browser.GetStreamAsync("/ticks", token)))
        {
            for (int ticks = 0; ticks < 3;)
            {
                string? line = await events.ReadLineAsync(token).AsTask().WaitAsync(TimeSpan.FromSeconds(30), token);
                Assert.NotNull(line);
                if (line.StartsWith("data: {\"symbol\":\"EURUSD\",\"price\":1.", StringComparison.Ordinal))
                    ticks++;
            }
        }

        lifetime.StopApplication();
        await running.WaitAsync(TimeSpan.FromSeconds(30), token);
    }

    // The program after each step that leaves one: files that are new or replaced, by the names in their first lines.
    private static IEnumerable<CSharpCompilation> Programs()
    {
        var options = new CSharpParseOptions(LanguageVersion.CSharp14);
        MetadataReference[] references = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];
        var files = new Dictionary<string, string> { ["Usings.cs"] = Usings };
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "tutorial", "live-chart.md"));
        foreach (string step in page.Split(Step).Skip(1).Select(part => part.Split("\n```")[0]))
        {
            Assert.StartsWith("// ", step, StringComparison.Ordinal);
            files[step.Split('\n')[0]] = step;
            if (!files.ContainsKey("// Program.cs"))
                continue;
            yield return CSharpCompilation.Create(
                "LiveChart",
                files.Values.Select(file => CSharpSyntaxTree.ParseText(file, options)),
                references,
                new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        }
    }

    /// <summary>Sees the hosts that programs build, as WebApplicationFactory does.</summary>
    private sealed class BuiltHosts : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
    {
        private readonly TaskCompletionSource<IHost> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly IDisposable _subscription;

        public BuiltHosts() => _subscription = DiagnosticListener.AllListeners.Subscribe(this);

        public Task<IHost> First => _first.Task;

        public void Dispose() => _subscription.Dispose();

        public void OnNext(DiagnosticListener value)
        {
            if (value.Name == "Microsoft.Extensions.Hosting")
                value.Subscribe(this);
        }

        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value is { Key: "HostBuilt", Value: IHost host })
                _first.TrySetResult(host);
        }

        public void OnError(Exception error) { }

        public void OnCompleted() { }
    }
}
