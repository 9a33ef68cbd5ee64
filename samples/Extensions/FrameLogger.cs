using Duplex.Protocol;

namespace Duplex.Samples;

/// <summary>Writes a line for each message of a session. The server knows nothing of it.</summary>
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
    /// <summary>Where lines go. Both directions of all sessions call it, at the same time.</summary>
    public Action<string> Write { get; set; } = Console.WriteLine;
}

public sealed class FrameLoggerFactory : WebSocketExtensionFactory<FrameLoggerOptions, FrameLogger>
{
    public override string Name => "frame-logger";

    public override FrameLogger Create(FrameLoggerOptions options) => new(options);
}
