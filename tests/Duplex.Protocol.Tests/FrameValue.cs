namespace Duplex.Tests;

/// <summary>A frame's parts by value, for comparing: the payload in hex.</summary>
internal sealed record FrameValue(FrameType Type, bool Fin, ReservedBits Reserved, string Data)
{
    public static FrameValue Of(Frame frame) => new(frame.Type, frame.Fin, frame.Reserved, Hex.Text(frame.Data.Span));

    public static FrameValue Of(FrameType type, bool fin, ReservedBits reserved, ReadOnlySpan<byte> data) => new(type, fin, reserved, Hex.Text(data));
}
