using System.Diagnostics.CodeAnalysis;

namespace Duplex;

/// <summary>What the steps of a session's end are told by. Made when the end begins, or when somebody asks for one of them: a session on which nothing happens does without.</summary>
/// <remarks>Thread-safe. Continuations and callbacks run on the pool.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The token source has no timer and no links, so it holds nothing to dispose; users may register with its token at any time.")]
internal sealed class EndSignals
{
    /// <summary>The transport has accepted our Close; fails if it will not.</summary>
    public Milestone CloseFlushed { get; } = new();

    /// <summary>The peer sends nothing more that matters: its Close was read, or it broke a rule, or its stream ended.</summary>
    public TaskCompletionSource PeerDone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Nothing is read any more.</summary>
    public TaskCompletionSource Received { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Both Closes have gone their way, or will not.</summary>
    public TaskCompletionSource<CloseResult> Handshake { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The transport is released: how the session ended.</summary>
    public TaskCompletionSource<CloseResult> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The same moment: why it ended.</summary>
    public TaskCompletionSource<CloseReason> Reason { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The same moment, as a token.</summary>
    public CancellationTokenSource Closed { get; } = new();
}
