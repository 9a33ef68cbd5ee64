using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Duplex.Tests;

/// <summary>
/// In the middle of src/Duplex no arrow hides from the graph of types: no event, no delegate that another type gives (field, property or parameter), and no property by which another type
/// of ours is set afterwards. What a room reports upward goes through ISessionEvents, which the graph sees.
/// </summary>
/// <remarks>A field for a delegate may hold a method of its own type, and an implementation of the platform's interfaces may take what these demand.</remarks>
internal static class HiddenArrows
{
    /// <summary>The rooms between the protocol and the sessions.</summary>
    private static readonly string[] Middle = ["Contracts", "Receiving", "Sending", "Lifetime"];

    /// <summary>What may hold a delegate nevertheless, each with the reason.</summary>
    public static readonly ImmutableDictionary<string, string> Exceptions = new Dictionary<string, string>
    {
        ["ConnectionSettings.RandomFill"] = "the source of mask keys, which belongs to no type of ours",
        ["Heartbeat"] = "the messages and replies of the application, which is user code",
        ["ContextPost"] = "carries the continuation of an await, which is user code",
    }.ToImmutableDictionary();

    public static ImmutableArray<string> Violations(SourceModel model) =>
    [
        .. from place in Places(model)
           where place.Key is null || !IsException(place.Key)
           select $"{place.Where}: {place.What}",
    ];

    /// <summary>Exceptions that nothing needs any more.</summary>
    public static ImmutableArray<string> Unneeded(SourceModel model)
    {
        string[] keys = [.. Places(model).Select(place => place.Key).OfType<string>()];
        return
        [
            .. from exception in Exceptions.Keys
               where !keys.Any(key => key == exception || key.StartsWith($"{exception}.", StringComparison.Ordinal))
               select $"{exception} holds no delegate any more: remove the exception.",
        ];
    }

    private static bool IsException(string key) => Exceptions.ContainsKey(key) || Exceptions.ContainsKey(key[..key.IndexOf('.', StringComparison.Ordinal)]);

    // With the name of what may be an exception.
    private static IEnumerable<(string Where, string What, string? Key)> Places(SourceModel model) =>
        from file in model.Files
        where Middle.Any(room => file.Path.StartsWith($"src/Duplex/{room}/", StringComparison.Ordinal))
        from node in file.Nodes()
        let violation = Violation(file.Model, node)
        where violation is not null
        select (file.Locate(node), violation.Value.What, violation.Value.Key);

    private static (string What, string? Key)? Violation(SemanticModel model, SyntaxNode node) => node switch
    {
        EventFieldDeclarationSyntax or EventDeclarationSyntax => ("an event hides an arrow; report through ISessionEvents.", null),
        BasePropertyDeclarationSyntax property when model.GetDeclaredSymbol(property) is IPropertySymbol symbol => OfDelegate(symbol, symbol.Type) ?? OfSetter(symbol),
        ParameterSyntax parameter when model.GetDeclaredSymbol(parameter) is IParameterSymbol symbol && !IsDemanded(symbol.ContainingSymbol) => OfDelegate(symbol, symbol.Type),
        VariableDeclaratorSyntax { Parent.Parent: FieldDeclarationSyntax } field when model.GetDeclaredSymbol(field) is IFieldSymbol symbol =>
            (HoldsOwnMethod(model, node, symbol) ? null : OfDelegate(symbol, symbol.Type)) ?? OfOpenField(symbol),
        _ => null,
    };

    private static (string What, string? Key)? OfDelegate(ISymbol symbol, ITypeSymbol type) =>
        !HoldsDelegate(type) || symbol.ContainingSymbol is IMethodSymbol { MethodKind: MethodKind.AnonymousFunction or MethodKind.LocalFunction } ? null
            : ($"the delegate {symbol.Name} hides an arrow; report through ISessionEvents.", $"{symbol.ContainingType.Name}.{symbol.Name}");

    // A delegate itself, or an array, a list or a tuple of them.
    private static bool HoldsDelegate(ITypeSymbol type) => type switch
    {
        { TypeKind: TypeKind.Delegate } => true,
        IArrayTypeSymbol array => HoldsDelegate(array.ElementType),
        INamedTypeSymbol named => named.TypeArguments.Any(HoldsDelegate),
        _ => false,
    };

    private static (string What, string? Key)? OfSetter(IPropertySymbol property) =>
        property.SetMethod is { IsInitOnly: false, DeclaredAccessibility: not Accessibility.Private } ? OfAssignment(property, property.Type) : null;

    private static (string What, string? Key)? OfOpenField(IFieldSymbol field) =>
        field is { IsReadOnly: false, IsConst: false, DeclaredAccessibility: not Accessibility.Private } ? OfAssignment(field, field.Type) : null;

    private static (string What, string? Key)? OfAssignment(ISymbol member, ITypeSymbol type) =>
        type is INamedTypeSymbol { IsReferenceType: true } named && named.Locations.Any(location => location.IsInSource)
        && !SymbolEqualityComparer.Default.Equals(SymbolTypes.Outermost(named), SymbolTypes.Outermost(member.ContainingType))
        && member.ContainingType is not { DeclaredAccessibility: Accessibility.Private }
            ? ($"{member.Name} can be set to a {named.Name} afterwards, which hides an arrow; pass it to the constructor.", null) : null;

    private static bool IsDemanded(ISymbol member) => member is IMethodSymbol { IsOverride: true } or IMethodSymbol { ExplicitInterfaceImplementations.Length: > 0 };

    // All assignments in the type give a method of the type itself.
    private static bool HoldsOwnMethod(SemanticModel model, SyntaxNode declarator, IFieldSymbol field) =>
        field.IsReadOnly && declarator.FirstAncestorOrSelf<TypeDeclarationSyntax>()!.DescendantNodes().OfType<AssignmentExpressionSyntax>()
            .Where(assignment => SymbolEqualityComparer.Default.Equals(model.GetSymbolInfo(assignment.Left).Symbol, field))
            .Select(assignment => model.GetSymbolInfo(assignment.Right).Symbol)
            .ToArray() is { Length: > 0 } values && values.All(value => value is IMethodSymbol method && SymbolEqualityComparer.Default.Equals(method.ContainingType, field.ContainingType));
}
