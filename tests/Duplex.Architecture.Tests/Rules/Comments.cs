using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Duplex.Tests;

/// <summary>Where comments stand relative to a declaration.</summary>
internal static class Comments
{
    /// <summary>A comment on one of the declaration's own lines, or directly above it.</summary>
    public static bool HasOn(SyntaxNode declaration) => HasAbove(declaration)
        || declaration.DescendantTrivia().Any(trivia => trivia.SpanStart >= declaration.SpanStart && IsComment(trivia));

    /// <summary>A comment that starts a line of its own and ends on the line above the declaration and its attributes.</summary>
    public static bool HasAbove(SyntaxNode declaration) => declaration.GetLeadingTrivia()
        .Any(trivia => IsComment(trivia) && LastLine(trivia) == FirstLine(declaration) - 1);

    /// <summary>The line on which a declaration or the first of its attributes starts.</summary>
    public static int FirstLine(SyntaxNode declaration) => declaration.GetLocation().GetLineSpan().StartLinePosition.Line;

    /// <summary>The line on which a declaration ends.</summary>
    public static int LastLine(SyntaxNode declaration) => declaration.GetLocation().GetLineSpan().EndLinePosition.Line;

    private static bool IsComment(SyntaxTrivia trivia) => trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia
        or SyntaxKind.SingleLineDocumentationCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia;

    private static int LastLine(SyntaxTrivia comment)
    {
        FileLinePositionSpan span = comment.GetLocation().GetLineSpan();
        // A documentation comment includes its line break and so ends at the start of the next line.
        return span.EndLinePosition.Character == 0 ? span.EndLinePosition.Line - 1 : span.EndLinePosition.Line;
    }
}
