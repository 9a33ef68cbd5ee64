namespace Duplex;

/// <summary>A place in the outgoing stream that somebody waits for the transport to reach. Its task fails if the connection ends before. Continuations run on the pool.</summary>
internal sealed class Milestone() : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
{
    // Set under the pump's lock when the bytes before it are staged.
    public long Position { get; set; }
}
