namespace Duplex.Testing;

/// <summary>A file is no recording, or is damaged.</summary>
public sealed class RecordingFormatException : FormatException
{
    internal RecordingFormatException(
        string place, long? line, string expected, string found, Exception? innerException = null)
        : base($"The recording is invalid at {place}: expected {expected}, found {found}.", innerException)
    {
        Place = place;
        Line = line;
        Expected = expected;
        Found = found;
    }

    /// <summary>Where: <c>line 3</c>, or <c>log.entries[0]._webSocketMessages[2].time</c>.</summary>
    public string Place { get; }

    /// <summary>The line, from 1; null for a value of a HAR file, which <see cref="Place"/> locates.</summary>
    public long? Line { get; }

    /// <summary>What was expected there.</summary>
    public string Expected { get; }

    /// <summary>What came instead.</summary>
    public string Found { get; }
}
