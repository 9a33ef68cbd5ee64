namespace Duplex.Testing;

/// <summary>What came of a replay.</summary>
public sealed class ReplayResult
{
    internal ReplayResult(int sentFrames, bool endedEarly, IReadOnlyList<ReplayMismatch> mismatches)
    {
        SentFrames = sentFrames;
        EndedEarly = endedEarly;
        Mismatches = mismatches;
    }

    /// <summary>The recorded frames that were sent. Recorded pongs are not; pings are answered live.</summary>
    public int SentFrames { get; }

    /// <summary>Whether the client ended the session before the end of the recording.</summary>
    public bool EndedEarly { get; }

    /// <summary>The client's messages that differ from the recorded ones, at most 100.</summary>
    public IReadOnlyList<ReplayMismatch> Mismatches { get; }

    /// <summary>Describes the result, with all mismatches: what a failing test should print.</summary>
    public override string ToString() =>
        $"{SentFrames} frames sent{(EndedEarly ? ", ended early by the client" : "")}"
        + string.Concat(Mismatches.Select(mismatch => $"{Environment.NewLine}{mismatch}"));
}
