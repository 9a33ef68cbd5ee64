using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>Finds every symbol that a file uses, whether it is named (a type, a member, <c>var</c>) or implied (an operator, <c>new()</c>, <c>foreach</c>).</summary>
internal static class ReferenceFinder
{
    public static IEnumerable<Reference> Find(CompiledFile file) =>
        from declaration in TopLevelTypes(file)
        let type = (INamedTypeSymbol)file.Model.GetDeclaredSymbol(declaration)!
        from node in declaration.DescendantNodes()
        from symbol in Symbols(file.Model, node)
        select new Reference(type, file, node, symbol);

    /// <summary>The declarations in a file that no other type encloses.</summary>
    public static IEnumerable<MemberDeclarationSyntax> TopLevelTypes(CompiledFile file) => file.Tree.GetRoot()
        .DescendantNodes(node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax)
        .OfType<MemberDeclarationSyntax>()
        .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax);

    private static IEnumerable<ISymbol> Symbols(SemanticModel model, SyntaxNode node) => Candidates(model, node).OfType<ISymbol>();

    private static IEnumerable<ISymbol?> Candidates(SemanticModel model, SyntaxNode node)
    {
        switch (node)
        {
            case ExpressionSyntax expression:
                SymbolInfo info = model.GetSymbolInfo(expression);
                // Inside nameof a group of methods has no single symbol; each is in the same type.
                yield return info.Symbol ?? info.CandidateSymbols.FirstOrDefault();
                yield return model.GetConversion(expression).MethodSymbol;
                if (expression is AwaitExpressionSyntax awaiting)
                {
                    yield return model.GetAwaitExpressionInfo(awaiting).GetAwaiterMethod;
                }
                else if (expression is AssignmentExpressionSyntax { Left: TupleExpressionSyntax or DeclarationExpressionSyntax } assignment)
                {
                    yield return model.GetDeconstructionInfo(assignment).Method;
                }

                break;
            case ConstructorInitializerSyntax or PrimaryConstructorBaseTypeSyntax or AttributeSyntax:
                yield return model.GetSymbolInfo(node).Symbol;
                break;
            case CommonForEachStatementSyntax loop:
                ForEachStatementInfo each = model.GetForEachStatementInfo(loop);
                yield return each.GetEnumeratorMethod;
                yield return each.MoveNextMethod;
                yield return each.CurrentProperty;
                if (loop is ForEachVariableStatementSyntax variables)
                {
                    yield return model.GetDeconstructionInfo(variables).Method;
                }

                break;
        }
    }
}
