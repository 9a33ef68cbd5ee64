using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>
/// Whether a file has behaviour. It has when some body in it does more than hold or hand over a value: a member's body, an accessor's, or a lambda's.
/// <para>A body is trivial when it is empty, or when each of its statements returns a plain value or assigns one plain value to another.</para>
/// <para>A plain value is a literal, <c>default</c>, <c>typeof</c>, <c>nameof</c>, <c>this</c>, a name, or a chain of names (<c>_core.State</c>), under any
/// sign, cast, <c>!</c> or parentheses.</para>
/// <para>So enums, delegates, interfaces, log messages (partial methods without bodies), exceptions whose constructors only chain, and records or classes that
/// only hold data have none.</para>
/// </summary>
internal static class Behaviour
{
    public static bool IsIn(SyntaxNode root) => root.DescendantNodes().Any(node => node switch
    {
        // Of the blocks only bodies count here; those inside them are judged with the body.
        BlockSyntax { Parent: BaseMethodDeclarationSyntax or AccessorDeclarationSyntax or AnonymousFunctionExpressionSyntax } body => !body.Statements.All(IsTrivial),
        ArrowExpressionClauseSyntax arrow => !IsPlainOrAssignment(arrow.Expression),
        LambdaExpressionSyntax { ExpressionBody: { } body } => !IsPlainOrAssignment(body),
        _ => false,
    });

    private static bool IsTrivial(StatementSyntax statement) => statement switch
    {
        ReturnStatementSyntax { Expression: var value } => value is null || IsPlain(value),
        ExpressionStatementSyntax { Expression: var expression } => IsPlainOrAssignment(expression),
        EmptyStatementSyntax => true,
        _ => false,
    };

    private static bool IsPlainOrAssignment(ExpressionSyntax expression) => expression is AssignmentExpressionSyntax { RawKind: (int)SyntaxKind.SimpleAssignmentExpression } assignment
        ? IsPlain(assignment.Left) && IsPlain(assignment.Right)
        : IsPlain(expression);

    private static bool IsPlain(ExpressionSyntax expression) => expression switch
    {
        LiteralExpressionSyntax or DefaultExpressionSyntax or TypeOfExpressionSyntax or ThisExpressionSyntax or BaseExpressionSyntax => true,
        NameSyntax or PredefinedTypeSyntax or FieldExpressionSyntax => true,
        MemberAccessExpressionSyntax { RawKind: (int)SyntaxKind.SimpleMemberAccessExpression } access => IsPlain(access.Expression),
        InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } } => true,
        PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression or (int)SyntaxKind.UnaryPlusExpression } sign => IsPlain(sign.Operand),
        PostfixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.SuppressNullableWarningExpression } sure => IsPlain(sure.Operand),
        CastExpressionSyntax cast => IsPlain(cast.Expression),
        ParenthesizedExpressionSyntax inner => IsPlain(inner.Expression),
        _ => false,
    };
}
