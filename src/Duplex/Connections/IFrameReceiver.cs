namespace Duplex;

/// <summary>Receives the frames of one connection. Called by its receive loop only, one call at a time. Only a lack of room makes the loop wait.</summary>
internal interface IFrameReceiver
{
    /// <summary>Whether there is room for the next frame.</summary>
    bool HasRoom { get; }

    /// <summary>Takes over a frame that is no Close.</summary>
    void OnFrame(Frame frame);

    /// <summary>Takes over the peer's Close, the last frame. All frames before it are published, and a consumer that waited for them has run.</summary>
    void OnClose(Frame.Close close);

    /// <summary>All that was read is parsed: publishes the frames and has the owed pongs written. Once a batch.</summary>
    void OnBatchEnd();

    /// <summary>Completes when there is room again.</summary>
    Task WaitForRoomAsync();
}
