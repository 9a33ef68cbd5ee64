using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>
/// Every numeric constant states its reason: a <c>const</c> (also inside a method) or <c>static readonly</c> of a numeric type or of TimeSpan has a comment on
/// its lines or directly above it. Members of enums are the registry's numbers and are exempt.
/// </summary>
internal static class ConstantReasons
{
    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. from file in model.Files
           from node in file.Nodes()
           let variable = node switch
           {
               FieldDeclarationSyntax field when IsConstant(field.Modifiers) => field.Declaration,
               LocalDeclarationStatementSyntax local when IsConstant(local.Modifiers) => local.Declaration,
               _ => null,
           }
           where variable is not null && IsNumber(file.Model.GetTypeInfo(variable.Type).Type) && !Comments.HasOn(node)
           select $"{file.Locate(node)}: {variable.Variables[0].Identifier.Text} has no comment that gives its reason, on its line or the line above.",
    ];

    private static bool IsConstant(SyntaxTokenList modifiers) =>
        modifiers.Any(SyntaxKind.ConstKeyword) || (modifiers.Any(SyntaxKind.StaticKeyword) && modifiers.Any(SyntaxKind.ReadOnlyKeyword));

    private static bool IsNumber(ITypeSymbol? type) => type switch
    {
        null => false,
        { SpecialType: >= SpecialType.System_SByte and <= SpecialType.System_Double } => true,
        { SpecialType: SpecialType.System_IntPtr or SpecialType.System_UIntPtr } => true,
        _ => type.ToDisplayString() is "System.TimeSpan" or "System.Int128" or "System.UInt128" or "System.Half",
    };
}
