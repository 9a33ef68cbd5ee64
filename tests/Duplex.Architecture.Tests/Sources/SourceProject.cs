using System.Collections.Immutable;

namespace Duplex.Tests;

/// <summary>A project under <c>src</c>: what it compiles, what it references, who may see its internals.</summary>
internal sealed record SourceProject(
    string Name,
    ImmutableArray<string> References,
    ImmutableArray<string> Friends,
    ImmutableArray<string> Usings,
    ImmutableArray<SourceFile> Files);
