using Microsoft.CodeAnalysis;

namespace Duplex.Tests;

/// <summary>A source file with what its names mean.</summary>
internal sealed record CompiledFile(string Project, SyntaxTree Tree, SemanticModel Model)
{
    /// <summary>The path from the repository's root.</summary>
    public string Path => Tree.FilePath;

    /// <summary>All syntax nodes of the file; documentation comments are not among them.</summary>
    public IEnumerable<SyntaxNode> Nodes() => Tree.GetRoot().DescendantNodes();

    /// <summary>Where a node stands, as <c>path:line</c>.</summary>
    public string Locate(SyntaxNode node) => $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}";
}
