namespace Duplex.Testing;

/// <summary>The format of a file of recordings.</summary>
public enum RecordingFormat
{
    /// <summary>HAR 1.2 with <c>_webSocketMessages</c>, which browsers' tools read and write (<c>.har</c>).</summary>
    Har,

    /// <summary>A line of JSON for each connection and each of its frames (<c>.jsonl</c>).</summary>
    JsonLines,
}
