using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>
/// Every mutable field says who may touch it: a field that is neither readonly nor const has a comment on its lines or directly above it, or stands in a group
/// (field after field, no line between them) whose nearest comment above heads it.
/// </summary>
internal static class FieldOwners
{
    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. from file in model.Files
           from field in file.Nodes().OfType<FieldDeclarationSyntax>()
           where !field.Modifiers.Any(SyntaxKind.ReadOnlyKeyword) && !field.Modifiers.Any(SyntaxKind.ConstKeyword)
               && !Comments.HasOn(field) && !IsHeaded(field)
           select $"{file.Locate(field)}: {field.Declaration.Variables[0].Identifier.Text} has no comment that says who may touch it.",
    ];

    private static bool IsHeaded(FieldDeclarationSyntax field)
    {
        SyntaxList<MemberDeclarationSyntax> members = ((TypeDeclarationSyntax)field.Parent!).Members;
        for (int i = members.IndexOf(field); i >= 0 && members[i] is FieldDeclarationSyntax; i--)
        {
            if (Comments.HasAbove(members[i]))
            {
                return true;
            }

            if (i == 0 || Comments.LastLine(members[i - 1]) + 1 != Comments.FirstLine(members[i]))
            {
                return false;
            }
        }

        return false;
    }
}
