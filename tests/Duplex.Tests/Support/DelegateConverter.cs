using System.Buffers;

namespace Duplex.Tests;

/// <summary>A converter that does what a test says. By default it writes and reads nothing but empty binary messages.</summary>
internal sealed class DelegateConverter : WebSocketContentConverter
{
    public Func<IBufferWriter<byte>, object?, Type, FrameType> OnSerialize { get; init; } = (_, _, _) => FrameType.Binary;

    public Func<Frame, Type, object?> OnDeserialize { get; init; } = (_, _) => null;

    public Func<Frame, bool> OnIsApplicable { get; init; } = _ => true;

    public bool Copies { get; init; }

    public override bool CopiesPayload => Copies;

    public override FrameType Serialize(IBufferWriter<byte> output, object? value, Type type) => OnSerialize(output, value, type);

    public override object? Deserialize(Frame frame, Type type) => OnDeserialize(frame, type);

    public override bool IsApplicable(Frame frame) => OnIsApplicable(frame);
}
