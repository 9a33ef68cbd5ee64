using Duplex.Protocol;

namespace Duplex.Testing;

/// <summary>
/// A plan of what goes wrong on a connection, for <see cref="FaultyStream"/>. Start with <see cref="None"/> and add
/// faults; each method returns a new plan.
/// </summary>
/// <remarks>
/// Immutable and thread-safe. Connections can share a plan, and each follows it from its own start. Faults without a
/// point apply throughout, those with one happen once.
/// </remarks>
/// <example>
/// <code>
/// using Duplex.Testing;
///
/// Faults faults = Faults.None
///     .Split(3)
///     .Delay(TimeSpan.FromMilliseconds(40))
///     .Cut(FaultPoint.AfterReceiving(messages: 10));
/// WebSocketEngine engine = WebSocketEngines.Http.WithFaults(faults);
/// using var http = new HttpClient(new WebSocketsHandler(ws => ws.Engine = engine));
/// </code>
/// </example>
public sealed class Faults
{
    private readonly bool _isRandom;

    private Faults(IReadOnlyList<Fault> items, int seed, bool isRandom)
    {
        Items = items;
        Seed = seed;
        _isRandom = isRandom;
    }

    /// <summary>No faults.</summary>
    public static Faults None { get; } = new([], seed: 0, isRandom: false);

    /// <summary>
    /// The seed of whatever is random: the sizes of <see cref="SplitAtRandom"/>, the times of <see cref="Jitter"/>, and
    /// the plan itself if <see cref="Random"/> made it. Default: 0.
    /// </summary>
    public int Seed { get; }

    internal IReadOnlyList<Fault> Items { get; }

    /// <summary>Makes a plan at random. The same seed and kinds make the same plan.</summary>
    /// <param name="seed">The seed. Let a failing test print it, or the plan itself.</param>
    /// <param name="kinds">
    /// The kinds of faults, each of which occurs. Default: what real networks do without changing a byte.
    /// </param>
    public static Faults Random(int seed, FaultKinds kinds = FaultKinds.Lossless | FaultKinds.Cut) =>
        new([.. RandomFaults.Create(seed, kinds)], seed, isRandom: true);

    /// <summary>Sets the seed of what is random in this plan.</summary>
    /// <param name="seed">The seed.</param>
    public Faults WithSeed(int seed) => new(Items, seed, isRandom: false);

    /// <summary>Cuts what is read or written into pieces of a size. The last of a chunk can be smaller.</summary>
    /// <param name="bytes">The largest piece in bytes, at least 1.</param>
    /// <param name="direction">Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or the direction is invalid.</exception>
    public Faults Split(int bytes, FaultDirection direction = FaultDirection.Both)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return With(new Fault.Split(bytes, IsRandom: false, Checked(direction)));
    }

    /// <summary>Cuts what is read or written into pieces of random sizes.</summary>
    /// <param name="mostBytes">The largest piece in bytes, at least 1.</param>
    /// <param name="direction">Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size or the direction is invalid.</exception>
    public Faults SplitAtRandom(int mostBytes, FaultDirection direction = FaultDirection.Both)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(mostBytes);
        return With(new Fault.Split(mostBytes, IsRandom: true, Checked(direction)));
    }

    /// <summary>
    /// Delays each chunk: what one read of the inner stream brings, and what the session writes at once.
    /// </summary>
    /// <param name="time">The delay. Chunks are not overtaken, and the next one is read after it.</param>
    /// <param name="direction">Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time or the direction is invalid.</exception>
    public Faults Delay(TimeSpan time, FaultDirection direction = FaultDirection.Both) =>
        With(new Fault.Delay(Checked(time), Checked(direction)));

    /// <summary>Delays each chunk by a random time.</summary>
    /// <param name="most">The longest delay.</param>
    /// <param name="direction">Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time or the direction is invalid.</exception>
    public Faults Jitter(TimeSpan most, FaultDirection direction = FaultDirection.Both) =>
        With(new Fault.Jitter(Checked(most), Checked(direction)));

    /// <summary>Limits the rate.</summary>
    /// <param name="bytesPerSecond">The rate in bytes per second, at least 1.</param>
    /// <param name="direction">Default: both, each at this rate.</param>
    /// <exception cref="ArgumentOutOfRangeException">The rate or the direction is invalid.</exception>
    public Faults Throttle(int bytesPerSecond, FaultDirection direction = FaultDirection.Both)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        return With(new Fault.Throttle(bytesPerSecond, Checked(direction)));
    }

    /// <summary>Silences the connection without ending it, as a network does that loses all packets.</summary>
    /// <param name="at">The point.</param>
    /// <param name="duration">For how long; null until <see cref="FaultyStream.Resume"/>.</param>
    /// <param name="direction">What stops. Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The duration or the direction is invalid.</exception>
    public Faults Stall(
        FaultPoint at, TimeSpan? duration = null, FaultDirection direction = FaultDirection.Both)
    {
        ArgumentNullException.ThrowIfNull(at);
        return With(new Fault.Stall(at, Checked(direction), duration is { } time ? Checked(time) : null));
    }

    /// <summary>Ends the connection.</summary>
    /// <param name="at">The point.</param>
    /// <param name="kind">How. Default: as a TCP reset does.</param>
    /// <exception cref="ArgumentOutOfRangeException">The kind is undefined.</exception>
    public Faults Cut(FaultPoint at, CutKind kind = CutKind.Reset)
    {
        ArgumentNullException.ThrowIfNull(at);
        if (!Enum.IsDefined(kind))
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "Expected Reset or End.");
        return With(new Fault.Cut(at, kind));
    }

    /// <summary>Changes the first byte after a point, in the direction of the point.</summary>
    /// <param name="at">The point. After a message, that is the first byte of the next frame's header.</param>
    /// <param name="bits">The bits to flip. Default: the lowest.</param>
    public Faults Corrupt(FaultPoint at, byte bits = 0x01)
    {
        ArgumentNullException.ThrowIfNull(at);
        return With(new Fault.Corrupt(at, bits));
    }

    /// <summary>Removes pongs, so that keep-alives fail while data still flows.</summary>
    /// <param name="direction">Default: received ones, which answer the session's pings.</param>
    /// <exception cref="ArgumentOutOfRangeException">The direction is invalid.</exception>
    public Faults DropPongs(FaultDirection direction = FaultDirection.Receiving) =>
        With(Fault.Drop.Pongs(Checked(direction)));

    /// <summary>Removes whole frames.</summary>
    /// <param name="which">
    /// Called with the header of each frame, in order. Removing a part of a message, or a compressed one, also breaks
    /// what follows.
    /// </param>
    /// <param name="direction">Default: both.</param>
    /// <exception cref="ArgumentOutOfRangeException">The direction is invalid.</exception>
    public Faults Drop(Func<FrameHeader, bool> which, FaultDirection direction = FaultDirection.Both)
    {
        ArgumentNullException.ThrowIfNull(which);
        return With(new Fault.Drop(which, "frames", Checked(direction)));
    }

    /// <summary>Lists the faults, and the seed if there is one: what a failing test should print.</summary>
    public override string ToString()
    {
        string items = Items.Count == 0 ? "none" : string.Join("; ", Items);
        return _isRandom ? $"Faults.Random({Seed}): {items}"
            : Seed != 0 ? $"Faults (seed {Seed}): {items}"
            : $"Faults: {items}";
    }

    private static FaultDirection Checked(FaultDirection direction) =>
        direction is FaultDirection.Receiving or FaultDirection.Sending or FaultDirection.Both
            ? direction
            : throw new ArgumentOutOfRangeException(
                nameof(direction), direction, "Expected Receiving, Sending or Both.");

    private static TimeSpan Checked(TimeSpan time) =>
        time >= TimeSpan.Zero && time.TotalMilliseconds < uint.MaxValue - 1
            ? time
            : throw new ArgumentOutOfRangeException(
                nameof(time), time, "Expected a time from zero to what a timer can wait, 49 days.");

    private Faults With(Fault fault) => new([.. Items, fault], Seed, _isRandom);
}
