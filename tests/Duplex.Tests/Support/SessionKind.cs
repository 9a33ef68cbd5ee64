namespace Duplex.Tests;

/// <summary>Which session a test is about, where both must do the same.</summary>
public enum SessionKind
{
    Default,
    Raw,
}
