using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Duplex.Tests;

/// <summary>The sources of all projects, compiled in memory, so that a rule can ask what a name means and not only how it is spelt.</summary>
internal sealed class SourceModel
{
    private static readonly Lazy<SourceModel> RepositoryModel = new(() => new SourceModel(Repository.Projects()));

    private static readonly CSharpParseOptions ParseOptions = CSharpParseOptions.Default
        .WithLanguageVersion(LanguageVersion.CSharp14)
        .WithDocumentationMode(DocumentationMode.Parse)
        .WithPreprocessorSymbols("NET", "NET10_0", "NET8_0_OR_GREATER", "NET9_0_OR_GREATER", "NET10_0_OR_GREATER", "RELEASE");

    private static readonly CSharpCompilationOptions CompilationOptions = new(
        OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, allowUnsafe: true); // a rule forbids it

    /// <summary>What the SDK imports by ImplicitUsings.</summary>
    private static readonly string[] ImplicitUsings =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks"];

    /// <summary>Errors that a source generator would have cured; the generators do not run here, and only symbols matter.</summary>
    private static readonly HashSet<string> CuredByGenerators =
    [
        "CS8795", // A partial method has no implementation ([LoggerMessage], [GeneratedRegex]).
        "CS9248", // A partial property has no implementation ([GeneratedRegex]).
        "CS0534", // A JsonSerializerContext does not implement its abstract members.
        "CS7036", // A JsonSerializerContext does not call a base constructor.
    ];

    private static readonly ImmutableArray<MetadataReference> Platform =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(path => !Path.GetFileName(path).StartsWith("Duplex", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    private readonly Dictionary<string, CSharpCompilation> _compilations = [];
    private readonly Lazy<ImmutableArray<Reference>> _references;

    private SourceModel(ImmutableArray<SourceProject> projects)
    {
        Dictionary<string, SourceProject> byName = projects.ToDictionary(project => project.Name);
        foreach (SourceProject project in projects)
        {
            Compile(project, byName);
        }

        Files = [.. _compilations.Values.SelectMany(compilation => compilation.SyntaxTrees.Where(tree => tree.FilePath != "")
            .Select(tree => new CompiledFile(compilation.AssemblyName!, tree, compilation.GetSemanticModel(tree))))];
        _references = new(() => [.. Files.AsParallel().AsOrdered().SelectMany(ReferenceFinder.Find)]);
    }

    /// <summary>The sources under <c>src</c> of this repository.</summary>
    public static SourceModel OfRepository => RepositoryModel.Value;

    /// <summary>Every file of every project.</summary>
    public ImmutableArray<CompiledFile> Files { get; }

    /// <summary>Every use of a symbol inside a type, documentation comments excepted.</summary>
    public ImmutableArray<Reference> References => _references.Value;

    /// <summary>
    /// Compiles snippets for a test of a rule: each a path like <c>src/Duplex/Sessions/A.cs</c> and its text. The project is read off the path; Duplex sees the
    /// internals of Duplex.Protocol, other packages see both from outside.
    /// </summary>
    public static SourceModel Of(params (string Path, string Text)[] snippets)
    {
        string[] core = ["Duplex.Protocol", "Duplex"];
        SourceFile[] files = [.. snippets.Select(snippet => new SourceFile(snippet.Path, snippet.Text))];
        var model = new SourceModel(
        [
            .. files.GroupBy(file => file.Project).Select(group => new SourceProject(
                group.Key,
                [.. core.TakeWhile(name => name != group.Key)],
                group.Key == "Duplex.Protocol" ? ["Duplex"] : [],
                [],
                [.. group])),
        ]);
        return model.Errors() is [] ? model : throw new ArgumentException($"Expected snippets that compile, got: {string.Join("; ", model.Errors())}");
    }

    /// <summary>What does not compile: a reference that does not resolve would be an arrow that no rule sees.</summary>
    public ImmutableArray<string> Errors() =>
    [
        .. _compilations.Values.SelectMany(compilation => compilation.GetDiagnostics())
            .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error && !CuredByGenerators.Contains(diagnostic.Id))
            .Select(diagnostic => diagnostic.ToString()),
    ];

    private CSharpCompilation? Compile(SourceProject project, Dictionary<string, SourceProject> projects)
    {
        if (_compilations.TryGetValue(project.Name, out CSharpCompilation? known))
        {
            return known;
        }

        IEnumerable<CompilationReference> references = Closure(project, projects).Select(reference => Compile(reference, projects)!.ToMetadataReference());
        string prelude = string.Concat(ImplicitUsings.Concat(project.Usings).Select(name => $"global using {name};\n"))
            + string.Concat(project.Friends.Select(friend => $"[assembly: System.Runtime.CompilerServices.InternalsVisibleTo(\"{friend}\")]\n"));
        var compilation = CSharpCompilation.Create(
            project.Name,
            [Parse(new SourceFile("", prelude)), .. project.Files.Select(Parse)],
            [.. Platform, .. references],
            CompilationOptions);
        _compilations.Add(project.Name, compilation);
        return compilation;
    }

    private static HashSet<SourceProject> Closure(SourceProject project, Dictionary<string, SourceProject> projects) =>
        [.. project.References.Where(projects.ContainsKey).Select(name => projects[name]).SelectMany(reference => Closure(reference, projects).Prepend(reference))];

    private static SyntaxTree Parse(SourceFile file) => CSharpSyntaxTree.ParseText(file.Text, ParseOptions, file.Path);
}
