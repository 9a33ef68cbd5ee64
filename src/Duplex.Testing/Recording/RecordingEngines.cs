namespace Duplex.Testing;

/// <summary>Records the connections of an engine.</summary>
public static class RecordingEngines
{
    /// <summary>Returns an engine whose connections are all recorded.</summary>
    /// <param name="engine">The engine that connects.</param>
    /// <param name="recorder">Keeps the frames.</param>
    /// <remarks>
    /// With <see cref="WebSocketEngines.Browser"/> and <see cref="WebSocketEngines.From"/>, frames are those that the
    /// platform shows: without pings, pongs and compression.
    /// </remarks>
    public static WebSocketEngine WithRecorder(this WebSocketEngine engine, SessionRecorder recorder)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(recorder);
        return WebSocketEngines.Decorate(
            engine, (stream, call) => new RecordingStream(stream, recorder, call.Request.Uri));
    }
}
