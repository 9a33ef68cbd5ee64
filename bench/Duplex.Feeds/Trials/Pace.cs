namespace Duplex.Feeds;

/// <summary>How long the scripts take.</summary>
/// <param name="Minute">How long the dead and the flapping servers stay so.</param>
/// <param name="MinBetween">
/// The shortest time between two faults. 10 s is what Duplex takes a connection for stable after, so that its next
/// delay is the first again; the others have no such setting.
/// </param>
/// <param name="Settle">How long a client runs before and after the fault that does not count.</param>
/// <param name="Divisor">By how much there are fewer faults.</param>
internal sealed record Pace(TimeSpan Minute, TimeSpan MinBetween, TimeSpan Settle, int Divisor)
{
    public static Pace Full { get; } =
        new(TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(10.2), TimeSpan.FromSeconds(3), 1);

    public static Pace Quick { get; } =
        new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5), 5);

    public int Times(int full) => Math.Max(1, full / Divisor);
}
