namespace Duplex.Testing;

/// <summary>A message of the client that differs from the recorded one.</summary>
/// <param name="Message">The number of the client's message, from 1.</param>
/// <param name="Expected">Describes what was recorded.</param>
/// <param name="Found">Describes what came instead.</param>
public sealed record ReplayMismatch(int Message, string Expected, string Found)
{
    /// <summary>Describes the difference.</summary>
    public override string ToString() => $"message {Message} of the client: expected {Expected}, found {Found}";
}
