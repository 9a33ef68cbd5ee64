namespace Duplex;

/// <summary>Where a connection's received frames go. Called by its receive loop only, never concurrently, and never made to wait but for room.</summary>
internal interface IFrameReceiver
{
    /// <summary>Whether the next frame has a place to go.</summary>
    bool HasRoom { get; }

    /// <summary>Takes a frame over; false if it is the last one that is wanted.</summary>
    bool OnFrame(Frame frame);

    /// <summary>All that was read is parsed: what was received becomes visible, what is owed is written. Once a batch.</summary>
    void OnBatchEnd();

    /// <summary>Completes when there is room again.</summary>
    Task WaitForRoomAsync();
}
