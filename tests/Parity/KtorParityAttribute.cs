namespace Duplex.Tests;

/// <summary>Names the rows of docs/ktor-parity.md that a test proves, by their keys in tests/Parity/rows.md.</summary>
/// <param name="keys">The keys of the rows.</param>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
internal sealed class KtorParityAttribute(params string[] keys) : Attribute
{
    public IReadOnlyList<string> Keys => keys;
}
