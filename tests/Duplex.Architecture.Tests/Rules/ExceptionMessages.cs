using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace Duplex.Tests;

/// <summary>Every message that an exception of ours can have is explained in a document, with "…" for its variable parts.</summary>
internal static class ExceptionMessages
{
    private const string Variable = "…";

    /// <summary>The messages that no row and no heading of the page has.</summary>
    public static ImmutableArray<string> Violations(SourceModel model, IEnumerable<string> projects, string page)
    {
        var entries = page.Split('\n').Select(Entry).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return
        [
            .. from found in Of(model, projects)
               where !entries.Contains(Plain(found.Message))
               select $"{found.Place}: {found.Message}",
        ];
    }

    /// <summary>The messages of some projects, each with where it is made.</summary>
    public static IEnumerable<(string Place, string Message)> Of(SourceModel model, IEnumerable<string> projects)
    {
        var names = projects.ToHashSet(StringComparer.Ordinal);
        return from file in model.Files
               where names.Contains(file.Project)
               from node in file.Nodes()
               let message = Of(file.Model, node)
               where message is not null && message.Any(char.IsLetter)
               select (file.Locate(node), message);
    }

    private static string? Of(SemanticModel model, SyntaxNode node) => node switch
    {
        BaseObjectCreationExpressionSyntax when model.GetOperation(node) is IObjectCreationOperation made && IsException(made.Type) =>
            Text(made.Arguments),
        ConstructorInitializerSyntax when model.GetOperation(node) is IInvocationOperation made && IsOurs(made.TargetMethod.ContainingType) =>
            Text(made.Arguments),
        // Lines of an OptionsValidationException, which are collected in a list of that name.
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "failures" or "_failures" }, Name.Identifier.Text: "Add" } } line
            when Pattern(line.ArgumentList.Arguments[0].Expression) is var text and not Variable => text,
        InvocationExpressionSyntax when model.GetOperation(node) is IInvocationOperation { TargetMethod: { IsStatic: true, ContainingType.Name: "ProtocolViolation" } method } made =>
            Text(made.Arguments) is not { } text ? null : method.Name switch
            {
                "Protocol" => $"The peer broke the WebSocket protocol: {text}.",
                "InvalidUtf8" => $"The peer broke the WebSocket protocol: {text} is not valid UTF-8.",
                _ => text,
            },
        _ => null,
    };

    private static bool IsException(ITypeSymbol? type) => type is not null && (type.Name == "Exception" || IsException(type.BaseType));

    private static bool IsOurs(INamedTypeSymbol type) => IsException(type) || type.Name == "ProtocolViolation";

    private static string? Text(ImmutableArray<IArgumentOperation> arguments) => arguments
        .Where(argument => argument is { ArgumentKind: ArgumentKind.Explicit, Parameter.Name: "message" or "where" or "failureMessages" })
        .Select(argument => Pattern(argument.Value.Syntax))
        .FirstOrDefault(text => text != Variable);

    private static string Pattern(SyntaxNode value) => value switch
    {
        LiteralExpressionSyntax literal when literal.IsKind(SyntaxKind.StringLiteralExpression) => literal.Token.ValueText,
        InterpolatedStringExpressionSyntax text => string.Concat(text.Contents.Select(part => part is InterpolatedStringTextSyntax words ? words.TextToken.ValueText : Variable)),
        BinaryExpressionSyntax { OperatorToken.RawKind: (int)SyntaxKind.PlusToken } sum => Pattern(sum.Left) + Pattern(sum.Right),
        ParenthesizedExpressionSyntax inner => Pattern(inner.Expression),
        CollectionExpressionSyntax { Elements: [ExpressionElementSyntax only] } => Pattern(only.Expression),
        _ => Variable,
    };

    // The first cell of a row, or a heading.
    private static string? Entry(string line)
    {
        if (line.StartsWith('#'))
            return Plain(line.TrimStart('#'));
        return line.StartsWith('|') ? Plain(line.Replace(@"\|", "¦", StringComparison.Ordinal).Split('|')[1].Replace('¦', '|')) : null;
    }

    // Without Markdown's signs.
    private static string Plain(string text) => text.Replace("`", "", StringComparison.Ordinal).Replace(@"\", "", StringComparison.Ordinal).Trim();
}
