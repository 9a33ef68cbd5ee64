using Duplex.Protocol;

namespace Duplex.Samples;

/// <summary>Logs each message of a session. The server does not know about it.</summary>
public sealed class FrameLogger(FrameLoggerOptions options) : FrameExtension
{
    protected override Frame ProcessOutgoing(Frame frame)
    {
        options.Write($"sent {frame}");
        return frame;
    }

    protected override Frame ProcessIncoming(Frame frame)
    {
        options.Write($"received {frame}");
        return frame;
    }
}

public sealed class FrameLoggerOptions
{
    /// <summary>Writes a line. Must be thread-safe: both directions of all sessions call it concurrently.</summary>
    public Action<string> Write { get; set; } = Console.WriteLine;
}

public sealed class FrameLoggerFactory : WebSocketExtensionFactory<FrameLoggerOptions, FrameLogger>
{
    public override string Name => "frame-logger";

    public override FrameLogger Create(FrameLoggerOptions options) => new(options);
}
