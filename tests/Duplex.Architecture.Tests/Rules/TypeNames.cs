using System.Collections.Immutable;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>No type, public or not, is named after the absence of an idea.</summary>
internal static class TypeNames
{
    private static readonly string[] Suffixes = ["Manager", "Helper", "Helpers", "Utils", "Utility", "Utilities", "Base", "Impl"];

    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. from file in model.Files
           from node in file.Nodes()
           let name = node switch
           {
               BaseTypeDeclarationSyntax type => type.Identifier.Text,
               DelegateDeclarationSyntax type => type.Identifier.Text,
               _ => "",
           }
           let suffix = Suffixes.FirstOrDefault(suffix => name.EndsWith(suffix, StringComparison.Ordinal))
           where suffix is not null
           select $"{file.Locate(node)}: {name} ends in {suffix}; name the type after what it is.",
    ];
}
