namespace Duplex.Testing;

/// <summary>
/// A position in what a connection carries, at which a fault happens: after a number of bytes, or of data messages, in
/// one direction. Immutable.
/// </summary>
/// <remarks>
/// Positions count from the first byte after the handshake, in what the sender sent: frames that a fault drops count as
/// well. A message ends with its last frame. Control frames are no messages.
/// </remarks>
public sealed class FaultPoint
{
    private FaultPoint(FaultDirection direction, int messages, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(messages);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        Direction = direction;
        Messages = messages;
        Bytes = bytes;
    }

    /// <summary>Before the first byte in either direction.</summary>
    public static FaultPoint Start { get; } = new(FaultDirection.Receiving, 0, 0);

    internal FaultDirection Direction { get; }

    internal int Messages { get; }

    internal long Bytes { get; }

    /// <summary>After a number of received data messages.</summary>
    /// <param name="messages">The messages; 0 for none.</param>
    /// <param name="bytes">Bytes after the last of them, to stop within the next frame.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static FaultPoint AfterReceiving(int messages, long bytes = 0) =>
        new(FaultDirection.Receiving, messages, bytes);

    /// <summary>After a number of received bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static FaultPoint AfterReceivingBytes(long bytes) => new(FaultDirection.Receiving, 0, bytes);

    /// <summary>After a number of sent data messages.</summary>
    /// <param name="messages">The messages; 0 for none.</param>
    /// <param name="bytes">Bytes after the last of them, to stop within the next frame.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static FaultPoint AfterSending(int messages, long bytes = 0) =>
        new(FaultDirection.Sending, messages, bytes);

    /// <summary>After a number of sent bytes.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static FaultPoint AfterSendingBytes(long bytes) => new(FaultDirection.Sending, 0, bytes);

    /// <summary>Describes the position.</summary>
    public override string ToString()
    {
        if (Messages == 0 && Bytes == 0)
            return "at the start";
        string verb = Direction == FaultDirection.Receiving ? "receiving" : "sending";
        string messages = Messages == 0 ? "" : Messages == 1 ? "1 message" : $"{Messages} messages";
        string bytes = Bytes == 0 ? "" : Bytes == 1 ? "1 byte" : $"{Bytes} bytes";
        return $"after {verb} {messages}{(messages != "" && bytes != "" ? " and " : "")}{bytes}";
    }
}
