using Microsoft.CodeAnalysis;

namespace Duplex.Tests;

/// <summary>One use of a symbol: inside which top-level type, in which file, and at which node.</summary>
internal sealed record Reference(INamedTypeSymbol From, CompiledFile File, SyntaxNode Node, ISymbol Symbol)
{
    /// <summary>Where the use stands, as <c>path:line</c>.</summary>
    public string Location => File.Locate(Node);
}
