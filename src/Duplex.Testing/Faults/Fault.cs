using System.Globalization;
using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>One fault of a plan, which <see cref="object.ToString"/> describes. Immutable.</summary>
internal abstract record Fault
{
    /// <summary>Whether it applies to a direction.</summary>
    public static bool Applies(FaultDirection to, FaultDirection direction) => (to & direction) != 0;

    private static string In(FaultDirection direction) => direction switch
    {
        FaultDirection.Receiving => "receiving",
        FaultDirection.Sending => "sending",
        _ => "both directions",
    };

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s");

    public sealed record Split(int Bytes, bool IsRandom, FaultDirection Direction) : Fault
    {
        public override string ToString() =>
            $"split into {(IsRandom ? $"1 to {Bytes}" : Bytes)} bytes ({In(Direction)})";
    }

    public sealed record Delay(TimeSpan Time, FaultDirection Direction) : Fault
    {
        public override string ToString() => $"delay {Seconds(Time)} ({In(Direction)})";
    }

    public sealed record Jitter(TimeSpan Most, FaultDirection Direction) : Fault
    {
        public override string ToString() => $"jitter up to {Seconds(Most)} ({In(Direction)})";
    }

    public sealed record Throttle(int BytesPerSecond, FaultDirection Direction) : Fault
    {
        public override string ToString() => $"throttle to {BytesPerSecond} bytes/s ({In(Direction)})";
    }

    public sealed record Drop(Func<FrameHeader, bool> Which, string Name, FaultDirection Direction) : Fault
    {
        public static Drop Pongs(FaultDirection direction) =>
            new(static header => header.Opcode == Opcode.Pong, "pongs", direction);

        public override string ToString() => $"drop {Name} ({In(Direction)})";
    }

    /// <summary>A fault that happens once, at a point.</summary>
    public abstract record At(FaultPoint Point) : Fault;

    public sealed record Stall(FaultPoint Point, FaultDirection Direction, TimeSpan? Duration) : At(Point)
    {
        public override string ToString() =>
            $"stall {(Duration is { } time ? Seconds(time) : "indefinitely")} {Point} ({In(Direction)})";
    }

    public sealed record Cut(FaultPoint Point, CutKind Kind) : At(Point)
    {
        public override string ToString() => $"{(Kind == CutKind.Reset ? "reset" : "end")} {Point}";
    }

    public sealed record Corrupt(FaultPoint Point, byte Bits) : At(Point)
    {
        public override string ToString() => $"flip the bits 0x{Bits:X2} {Point}";
    }
}
