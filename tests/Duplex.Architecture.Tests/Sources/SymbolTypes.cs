using Microsoft.CodeAnalysis;

namespace Duplex.Tests;

/// <summary>From a symbol to the types that a user of it depends on.</summary>
internal static class SymbolTypes
{
    /// <summary>The types behind a symbol: the type itself or the one that declares the member, and every type argument.</summary>
    public static IEnumerable<INamedTypeSymbol> Of(ISymbol? symbol) => symbol switch
    {
        IAliasSymbol alias => Of(alias.Target),
        IArrayTypeSymbol array => Of(array.ElementType),
        IPointerTypeSymbol pointer => Of(pointer.PointedAtType),
        INamedTypeSymbol { IsAnonymousType: true } => [],
        INamedTypeSymbol type => type.TypeArguments.SelectMany(Of).Concat(Of(type.ContainingType)).Prepend(type.OriginalDefinition),
        IMethodSymbol method => method.TypeArguments.SelectMany(Of).Concat(Of(method.ContainingType)),
        IPropertySymbol or IFieldSymbol or IEventSymbol => Of(symbol.ContainingType),
        _ => [],
    };

    /// <summary>The type of what a member gives: a method's result, a property's or a field's value.</summary>
    public static ITypeSymbol? ValueOf(ISymbol symbol) => symbol switch
    {
        IMethodSymbol method => method.ReturnType,
        IPropertySymbol property => property.Type,
        IFieldSymbol field => field.Type,
        IEventSymbol handler => handler.Type,
        _ => null,
    };

    /// <summary>The type that no other type encloses.</summary>
    public static INamedTypeSymbol Outermost(INamedTypeSymbol type)
    {
        while (type.ContainingType is { } outer)
        {
            type = outer;
        }

        return type.OriginalDefinition;
    }

    /// <summary>Whether a type is another or derives from it; both by their full names.</summary>
    public static bool IsOrDerivesFrom(ITypeSymbol? type, string fullName)
    {
        for (; type is not null; type = type.BaseType)
        {
            if (type.ToDisplayString() == fullName)
            {
                return true;
            }
        }

        return false;
    }
}
