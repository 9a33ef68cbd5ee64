using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Duplex.Tests;

/// <summary>No source file has unsafe code. The compiler allows it in src/Duplex, for what JSImport generates.</summary>
internal static class UnsafeCode
{
    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. from file in model.Files
           from token in file.Tree.GetRoot().DescendantTokens()
           where token.IsKind(SyntaxKind.UnsafeKeyword)
           select $"{file.Path}:{token.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: unsafe code; use spans.",
    ];
}
