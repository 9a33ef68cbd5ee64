using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Duplex;

/// <summary>
/// The instruments of one meter. Names, units and attributes are a contract: docs/how-to/telemetry.md.
/// </summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class Instruments
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "Duplex";

    /// <summary>Their version: that of the package, without the commit.</summary>
    public static readonly string Version = typeof(Instruments).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    // In seconds. Handshakes and pings take a round trip or a few; the last is the default handshake timeout and more.
    private static readonly double[] RoundTrips =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    // In seconds. From a failed start to a week.
    private static readonly double[] Lifetimes = [0.1, 1, 10, 60, 300, 1800, 3600, 14_400, 86_400, 604_800];

    // In seconds. The bounds of the default back-off, then what servers ask for.
    private static readonly double[] Delays = [0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 30, 60, 300, 600];

    // The set must not grow without bound with the addresses of a client; a dashboard does not show more.
    private const int MaxKnown = 100;

    // A factory returns the same meter for each handler; two instruments of one name would count twice.
    private static readonly ConditionalWeakTable<IMeterFactory, Instruments> ByFactory = [];
    private static readonly Lazy<Instruments> Static = new(() => new Instruments(new Meter(Name, Version)));

    private readonly Lock _sync = new();
    private readonly LinkedList<LiveSession> _live = []; // under _sync
    private readonly HashSet<ServerTags> _known = []; // under _sync; reported as 0 when they have no session

    private Instruments(Meter meter)
    {
        HandshakeDuration = meter.CreateHistogram(
            "duplex.handshake.duration", "s", "Duration of opening handshakes, successful or not.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = RoundTrips });
        SessionDuration = meter.CreateHistogram(
            "duplex.session.duration", "s", "Duration of sessions, from the handshake to the end.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Lifetimes });
        PingDuration = meter.CreateHistogram(
            "duplex.ping.duration", "s", "Time from a ping to its pong.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = RoundTrips });
        SendWaitDuration = meter.CreateHistogram(
            "duplex.send.wait.duration", "s", "Time that a send waited for room in the outgoing queue.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = RoundTrips });
        ReceivePauseDuration = meter.CreateHistogram(
            "duplex.receive.pause.duration", "s", "Time that nothing was read because the incoming queue was full.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = RoundTrips });
        Messages = meter.CreateCounter<long>(
            "duplex.messages", "{message}", "Text and binary messages sent and received.");
        MessageBytes = meter.CreateCounter<long>(
            "duplex.message.io", "By", "Payload bytes of messages sent and received, before compression.");
        CompressionBytes = meter.CreateCounter<long>(
            "duplex.compression.io", "By", "Payload bytes of compressed messages, compressed and uncompressed.");
        ReconnectAttempts = meter.CreateCounter<long>(
            "duplex.reconnect.attempts", "{attempt}", "Attempts to connect of connections that are kept.");
        ReconnectDelay = meter.CreateHistogram(
            "duplex.reconnect.delay", "s", "Time from a failure to the next attempt, as decided.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Delays });
        ConnectedDuration = meter.CreateHistogram(
            "duplex.reconnect.connected.duration", "s", "Time that a connection that is kept was ready.",
            tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Lifetimes });
        Gaps = meter.CreateCounter<long>(
            "duplex.reconnect.gaps", "{gap}", "Changes from one connection to the next.");
        meter.CreateObservableUpDownCounter(
            "duplex.active_sessions", () => Observe(static _ => 1), "{session}", "Sessions that are open or closing.");
        meter.CreateObservableUpDownCounter(
            "duplex.incoming_queue.frames", () => Observe(static live => live.Incoming.Depth.Frames), "{frame}",
            "Received frames that no consumer has taken yet.");
        meter.CreateObservableUpDownCounter(
            "duplex.incoming_queue.size", () => Observe(static live => live.Incoming.Depth.Bytes), "By",
            "Payload bytes of received frames that no consumer has taken yet.");
    }

    public static Instruments Default => Static.Value;

    public Histogram<double> HandshakeDuration { get; }

    public Histogram<double> SessionDuration { get; }

    public Histogram<double> PingDuration { get; }

    public Histogram<double> SendWaitDuration { get; }

    public Histogram<double> ReceivePauseDuration { get; }

    public Counter<long> Messages { get; }

    public Counter<long> MessageBytes { get; }

    public Counter<long> CompressionBytes { get; }

    public Counter<long> ReconnectAttempts { get; }

    public Histogram<double> ReconnectDelay { get; }

    public Histogram<double> ConnectedDuration { get; }

    public Counter<long> Gaps { get; }

    public bool CountsTraffic => Messages.Enabled || MessageBytes.Enabled || CompressionBytes.Enabled;

    public static Instruments Of(IMeterFactory? factory) => factory is null
        ? Default
        : ByFactory.GetValue(
            factory, static factory => new Instruments(factory.Create(new MeterOptions(Name) { Version = Version })));

    /// <summary>Equal tags, as one object for all sessions.</summary>
    public ServerTags Share(ServerTags server)
    {
        lock (_sync)
            return _known.TryGetValue(server, out ServerTags? known) ? known : server;
    }

    public LinkedListNode<LiveSession> Add(LiveSession session)
    {
        lock (_sync)
        {
            if (session.Server is not null && _known.Count < MaxKnown)
                _known.Add(session.Server);
            return _live.AddLast(session);
        }
    }

    public void Remove(LinkedListNode<LiveSession> session)
    {
        lock (_sync)
            _live.Remove(session);
    }

    // One measurement for each server.
    private IEnumerable<Measurement<long>> Observe(Func<LiveSession, long> value)
    {
        LiveSession[] live;
        ServerTags[] known;
        lock (_sync)
            (live, known) = ([.. _live], [.. _known]);
        ILookup<ServerTags?, LiveSession> sessions = live.ToLookup(session => session.Server);
        return sessions.Select(group => group.Key).Union(known).Select(server =>
        {
            TagList tags = default;
            server?.AddTo(ref tags);
            return new Measurement<long>(sessions[server].Sum(value), tags);
        });
    }

    /// <param name="Server">Null for a session over a stream of the user's.</param>
    /// <param name="Incoming">Asked on the thread that collects.</param>
    public readonly record struct LiveSession(ServerTags? Server, IQueueDepth Incoming);
}
