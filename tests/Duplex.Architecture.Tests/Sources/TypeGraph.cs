using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;

namespace Duplex.Tests;

/// <summary>The top-level types of the sources and the arrows between them. A type with its nested and partial parts is one node.</summary>
internal sealed class TypeGraph
{
    private readonly SortedDictionary<string, Node> _nodes = new(StringComparer.Ordinal);

    public TypeGraph(SourceModel model)
    {
        foreach (CompiledFile file in model.Files)
        {
            foreach (SyntaxNode declaration in ReferenceFinder.TopLevelTypes(file))
            {
                Add((INamedTypeSymbol)file.Model.GetDeclaredSymbol(declaration)!).Files.Add(file.Path);
            }
        }

        foreach (Reference reference in model.References)
        {
            Node from = _nodes[Key(reference.From)];
            foreach (INamedTypeSymbol type in SymbolTypes.Of(reference.Symbol).Select(SymbolTypes.Outermost))
            {
                if (_nodes.TryGetValue(Key(type), out Node? to) && to != from)
                {
                    from.Arrows.TryAdd((to, reference.File.Path), reference);
                }
            }
        }
    }

    /// <summary>Every type, in the order of its name.</summary>
    public IReadOnlyCollection<Node> Nodes => _nodes.Values;

    /// <summary>One circle of each group of types that all reach each other (Tarjan's strongly connected components), told arrow by arrow.</summary>
    public ImmutableArray<string> Circles() => [.. StrongComponents.Of(_nodes.Values, node => node.Targets).Where(group => group.Count > 1).Select(Describe)];

    private static string Describe(IReadOnlyCollection<Node> group)
    {
        List<Node> circle = StrongComponents.ShortestCircle(group.MinBy(node => node.Name, StringComparer.Ordinal)!, node => node.Targets);
        var text = new StringBuilder($"{group.Count} types reach each other; the shortest circle through {circle[0].Name}:");
        for (int i = 0; i < circle.Count; i++)
        {
            Node from = circle[i], to = circle[(i + 1) % circle.Count];
            Reference sample = from.Arrows.First(arrow => arrow.Key.To == to).Value;
            text.Append($"\n    {from.Name} -> {to.Name}   {sample.Location}: {sample.Symbol.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat)}");
        }

        return text.ToString();
    }

    private Node Add(INamedTypeSymbol type)
    {
        string key = Key(type);
        return _nodes.TryGetValue(key, out Node? node) ? node : _nodes[key] = new Node(type.ToDisplayString(SymbolDisplayFormat.CSharpShortErrorMessageFormat));
    }

    // The metadata name tells Box from Box<T>; the assembly tells two internal types of one name.
    private static string Key(INamedTypeSymbol type) => $"{type.ContainingNamespace}.{type.MetadataName}, {type.ContainingAssembly?.Name}";

    /// <summary>A top-level type.</summary>
    internal sealed class Node(string name)
    {
        /// <summary>The type's name as C# writes it.</summary>
        public string Name { get; } = name;

        /// <summary>The files that its parts stand in.</summary>
        public SortedSet<string> Files { get; } = new(StringComparer.Ordinal);

        /// <summary>The types it uses and, for each file that does, the first place.</summary>
        public Dictionary<(Node To, string File), Reference> Arrows { get; } = [];

        /// <summary>The types it uses.</summary>
        public IEnumerable<Node> Targets => Arrows.Keys.Select(arrow => arrow.To).Distinct();
    }
}
