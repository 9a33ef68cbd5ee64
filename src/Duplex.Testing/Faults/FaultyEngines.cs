namespace Duplex.Testing;

/// <summary>Injects faults into the connections of an engine.</summary>
public static class FaultyEngines
{
    /// <summary>Returns an engine whose connections all follow a plan, each from its own start.</summary>
    /// <param name="engine">The engine that connects, to real servers as well.</param>
    /// <param name="faults">The plan.</param>
    /// <param name="timeProvider">The clock of delays and stalls. Default: the system's.</param>
    public static WebSocketEngine WithFaults(
        this WebSocketEngine engine, Faults faults, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(faults);
        return WithFaults(engine, _ => faults, timeProvider);
    }

    /// <summary>Returns an engine whose connections follow a plan each.</summary>
    /// <param name="engine">The engine that connects, to real servers as well.</param>
    /// <param name="faults">
    /// Gives the plan of a connection by its number, which starts at 0 and counts opened connections.
    /// </param>
    /// <param name="timeProvider">The clock of delays and stalls. Default: the system's.</param>
    public static WebSocketEngine WithFaults(
        this WebSocketEngine engine, Func<int, Faults> faults, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(faults);
        int opened = 0;
        return WebSocketEngines.Decorate(
            engine,
            stream => new FaultyStream(stream, faults(Interlocked.Increment(ref opened) - 1), timeProvider));
    }
}
