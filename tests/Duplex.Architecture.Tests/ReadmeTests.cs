using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>The example that a stranger copies first does what it says, against a real server. It prints to the console, which is the whole process's.</summary>
[CollectionDefinition(nameof(ReadmeTests), DisableParallelization = true)]
[Collection(nameof(ReadmeTests))]
public sealed class ReadmeTests
{
    [Fact]
    public async Task Its_first_example_runs()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        await using WebApplication server = builder.Build();
        server.UseWebSockets();
        server.Map("/websocket", ReadmeServer.ServeAsync);
        await server.StartAsync(TestContext.Current.CancellationToken);
        string readme = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md"), TestContext.Current.CancellationToken);
        string example = readme.Split("```csharp\n")[1].Split("```")[0];
        Assert.Contains("localhost:8080", example, StringComparison.Ordinal);

        string printed = await RunAsync(example.Replace("localhost:8080", new Uri(server.Urls.First()).Authority, StringComparison.Ordinal));

        Assert.Equal(["Received: Hello, WebSocket!", "Received 3 bytes"], printed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    /// <summary>What an example prints. It prints to the process's console, so examples run one at a time.</summary>
    internal static async Task<string> RunAsync(string code, Uri? server = null)
    {
        using var assembly = new MemoryStream();
        Assert.True(DocumentTests.Compile(code, server).Emit(assembly).Success);
        MethodInfo main = Assembly.Load(assembly.ToArray()).EntryPoint!;
        TextWriter console = Console.Out;
        var printed = new StringWriter(); // not disposed: an example may print after its end, from the thread pool
        Console.SetOut(printed);
        try
        {
            await Task.Run(() => main.Invoke(null, [Array.Empty<string>()])).WaitAsync(TimeSpan.FromSeconds(30));
        }
        finally
        {
            Console.SetOut(console);
        }

        return printed.ToString();
    }
}
