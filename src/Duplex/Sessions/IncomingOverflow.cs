namespace Duplex;

/// <summary>What follows when a frame finds no room in an incoming queue that is set to close then.</summary>
internal static class IncomingOverflow
{
    /// <summary>The end of the session; the frame is named.</summary>
    public static CloseCause Cause(Frame frame) => CloseCause.Failure(new CloseReason(CloseCode.InternalError), new ChannelOverflowException(
        $"The incoming queue was full when a {frame.Type} frame of {frame.Data.Length} bytes came, and it is set to close the session then. " +
        "Receive faster, give Channels.Incoming more room, or let it suspend."));
}
