namespace Duplex.Testing;

/// <summary>What was recorded of one connection. Immutable.</summary>
internal sealed record RecordedConnection(
    Uri? Url,
    DateTimeOffset Started,
    IReadOnlyList<RecordedFrame> Frames,
    long OmittedFrames = 0,
    long OmittedPayloads = 0)
{
    /// <summary>How long the recording is: the offset of its last frame.</summary>
    public TimeSpan Duration => Frames.Count == 0 ? TimeSpan.Zero : Frames.Max(frame => frame.Offset);
}
