namespace Duplex.Tests;

/// <summary>Recordings to write and read.</summary>
internal static class Sample
{
    public static readonly DateTimeOffset Started = new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1234567);

    /// <summary>All that a frame can be.</summary>
    public static RecordedFrame[] Frames { get; } =
    [
        Sent(Opcode.Text, 0.5, "grüße \"<&>\""u8.ToArray()),
        Received(Opcode.Binary, 0.6000001, [1, 2, 255]),
        Received(Opcode.Text, 0.7, "é"u8[..1].ToArray()) with { Fin = false },
        Received(Opcode.Ping, 0.8, "p"u8.ToArray()),
        Received(Opcode.Continuation, 0.9, "é"u8[1..].ToArray()),
        Received(Opcode.Text, 1, [9, 9]) with { Reserved = ReservedBits.Rsv1, IsCompressed = true },
        Received(Opcode.Text, 1.1, null) with { Length = 77 },
        Sent(Opcode.Text, 1.2, "***"u8.ToArray()) with { Length = 12, IsRedacted = true },
        Sent(Opcode.Text, 1.3, []),
        Sent(Opcode.Close, 2, [3, 232]),
    ];

    public static RecordedFrame Sent(Opcode opcode, double seconds, byte[]? payload) => Frame(RecordedDirection.Sent, opcode, seconds, payload);

    public static RecordedFrame Received(Opcode opcode, double seconds, byte[]? payload) => Frame(RecordedDirection.Received, opcode, seconds, payload);

    public static RecordedFrame Text(RecordedDirection direction, double seconds, string text) => Frame(direction, Opcode.Text, seconds, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>All of a frame, to compare.</summary>
    public static string Describe(RecordedFrame frame) =>
        $"{frame} {frame.Reserved} {frame.IsCompressed} {frame.IsRedacted} {(frame.Payload is { } payload ? Convert.ToHexString(payload.Span) : "none")}";

    private static RecordedFrame Frame(RecordedDirection direction, Opcode opcode, double seconds, byte[]? payload) => new()
    {
        Direction = direction,
        Offset = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond)),
        Opcode = opcode,
        Payload = payload is null ? null : new ReadOnlyMemory<byte>(payload),
    };
}
