using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>Every C# example that a document prints compiles against the library as it stands.</summary>
public sealed class DocumentTests
{
    private const string Run = "csharp run";

    // What an example may take as given: it shows a step, not a whole program.
    private const string Given = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Duplex;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using static Given;

        internal static class Given
        {
            public static HttpClient client = new(new WebSocketsHandler()) { BaseAddress = new("https://example.test") };
            public static DefaultClientWebSocketSession session = null!;
            public static CancellationToken cancellationToken = default;
            public static string token = "token";
            public static Stream stream = Stream.Null;
            public static Microsoft.Extensions.Hosting.HostApplicationBuilder builder = null!;
        }
        """;

    // What writes a JsonSerializerContext; the project file says where the SDK has it.
    private static readonly Lazy<ISourceGenerator> JsonGenerator = new(() =>
    {
        string path = typeof(DocumentTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "JsonGenerator").Value!;
        Type generator = Assembly.LoadFrom(path).GetTypes().Single(type => type.IsDefined(typeof(GeneratorAttribute)));
        return ((IIncrementalGenerator)Activator.CreateInstance(generator)!).AsSourceGenerator();
    });

    private static IEnumerable<SourceFile> AtTheRoot => Directory.EnumerateFiles(Repository.Root, "*.md")
        .Where(path => Path.GetFileName(path) != "README.md") // is a document already
        .Select(path => new SourceFile(Path.GetFileName(path), File.ReadAllText(path)));

    public static TheoryData<string, string> Examples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (SourceFile page in Repository.Documents().Concat(AtTheRoot))
            {
                string[] parts = page.Text.Split("```");
                for (int i = 1; i < parts.Length; i += 2)
                {
                    // "run": ExampleRunTests runs it, too. The steps of the tutorial are TutorialTests'.
                    string kind = parts[i].Split('\n')[0].TrimEnd();
                    if (kind is "csharp" or Run)
                        examples.Add($"{page.Path}, example {(i + 1) / 2}{(kind == Run ? ", run" : "")}", parts[i][(parts[i].IndexOf('\n') + 1)..]);
                }
            }

            return examples;
        }
    }

    /// <summary>The examples that are run against a server.</summary>
    public static TheoryData<string, string> RunExamples => [.. Examples.Where(example => example.Data.Item1.EndsWith(", run", StringComparison.Ordinal)).Select(example => example.Data)];

    /// <summary>The examples of the API documentation: the code of every example tag of a source file.</summary>
    public static TheoryData<string, string> ApiExamples
    {
        get
        {
            var examples = new TheoryData<string, string>();
            foreach (SourceFile file in Repository.Files("src"))
            {
                string[] parts = file.Text.Split("/// <example>");
                for (int i = 1; i < parts.Length; i++)
                {
                    IEnumerable<string> lines = parts[i].Split("/// <code>")[1].Split("/// </code>")[0].Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith("///", StringComparison.Ordinal));
                    examples.Add($"{file.Path}, example {i}", WebUtility.HtmlDecode(string.Join('\n', lines.Select(line => line["///".Length..]))));
                }
            }

            return examples;
        }
    }

    [Theory, MemberData(nameof(ApiExamples), DisableDiscoveryEnumeration = true)]
    public void An_example_of_the_api_documentation_compiles(string name, string code) =>
        Assert.True(Errors(code).IsEmpty, $"{name}: {string.Join("\n", Errors(code))}");

    [Fact]
    public void Ten_members_have_an_example() => Assert.True(ApiExamples.Count >= 10, $"Found {ApiExamples.Count}.");

    [Theory, MemberData(nameof(Examples), DisableDiscoveryEnumeration = true)]
    public void An_example_compiles(string name, string code) => Assert.True(Errors(code).IsEmpty, $"{name}: {string.Join("\n", Errors(code))}");

    [Fact]
    public void An_example_that_does_not_compile_is_found() => Assert.NotEmpty(Errors("await client.NoSuchMethodAsync();"));

    [Theory, InlineData("FrameLogger.cs"), InlineData("ToyXor.cs")]
    public void A_sample_extension_is_printed_as_it_runs_in_the_tests(string file)
    {
        string sample = File.ReadAllText(Path.Combine(Repository.Root, "samples", "Extensions", file));
        string types = sample[sample.IndexOf("/// <summary>", StringComparison.Ordinal)..].TrimEnd();

        Assert.Contains($"{types}\n```", File.ReadAllText(Path.Combine(Repository.Root, "docs", "extensions.md")), StringComparison.Ordinal);
    }

    private static ImmutableArray<Diagnostic> Errors(string code) => Compile(code)
        .GetDiagnostics()
        .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
        .ToImmutableArray();

    /// <summary>An example as a program.</summary>
    /// <param name="code">The example.</param>
    /// <param name="server">The server that stands in for the host example.test.</param>
    internal static Compilation Compile(string code, Uri? server = null)
    {
        string Placed(string text) => server is null ? text : text
            .Replace("\"example.test\", 8080", $"\"{server.Host}\", {server.Port}", StringComparison.Ordinal)
            .Replace("wss://example.test", $"ws://{server.Authority}", StringComparison.Ordinal)
            .Replace("https://example.test", $"http://{server.Authority}", StringComparison.Ordinal);

        var options = new CSharpParseOptions(LanguageVersion.CSharp14);
        IEnumerable<MetadataReference> references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path));
        SyntaxTree tree = CSharpSyntaxTree.ParseText(Placed(code), options);
        bool isProgram = ((CompilationUnitSyntax)tree.GetRoot()).Members.OfType<GlobalStatementSyntax>().Any(); // not only types, such as a class of tests
        var example = CSharpCompilation.Create(
            "Example",
            [tree, CSharpSyntaxTree.ParseText(Placed(Given), options)],
            references,
            new CSharpCompilationOptions(isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        CSharpGeneratorDriver.Create([JsonGenerator.Value], parseOptions: options).RunGeneratorsAndUpdateCompilation(example, out Compilation whole, out _);
        return whole;
    }
}
