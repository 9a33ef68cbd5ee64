using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Duplex;

/// <summary>
/// The rules of happy eyeballs (RFC 8305 §4 and §5): which address is tried when. It knows neither sockets nor a clock.
/// </summary>
/// <remarks>Not thread-safe. Times are those since the race began.</remarks>
internal sealed class AddressRace(IEnumerable<IPAddress> addresses, AddressFamily first, TimeSpan delay)
{
    private readonly Queue<IPAddress> _waiting = new(Interleave([.. addresses], first));

    // Written by the calls of one loop.
    private TimeSpan _due;
    private int _running;

    /// <summary>When the next attempt is due; null if no address is left.</summary>
    public TimeSpan? Due => _waiting.Count > 0 ? _due : null;

    public bool IsLost => _waiting.Count == 0 && _running == 0;

    /// <summary>
    /// RFC 8305 §4: "Whichever address family is first in the list should be followed by an endpoint of the other
    /// address family". Each family stays in the resolver's order (RFC 6724).
    /// </summary>
    /// <param name="addresses">The resolver's.</param>
    /// <param name="first">The family that begins, where it has an address; else that of the first address.</param>
    public static IReadOnlyList<IPAddress> Interleave(IReadOnlyList<IPAddress> addresses, AddressFamily first)
    {
        if (addresses.Count == 0)
            return [];
        if (!addresses.Any(address => address.AddressFamily == first))
            first = addresses[0].AddressFamily;
        ILookup<bool, IPAddress> byFamily = addresses.ToLookup(address => address.AddressFamily == first);
        var (these, others) = (byFamily[true].ToArray(), byFamily[false].ToArray());
        int pairs = Math.Min(these.Length, others.Length);
        return
        [
            .. these.Take(pairs).Zip(others, (one, other) => new[] { one, other }).SelectMany(pair => pair),
            .. these.Skip(pairs),
            .. others.Skip(pairs),
        ];
    }

    /// <summary>Begins the next attempt, if it is due.</summary>
    public bool TryStart(TimeSpan now, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        if (now < _due || !_waiting.TryDequeue(out address))
            return false;
        _due = now + delay;
        _running++;
        return true;
    }

    /// <summary>An attempt failed: the next one is due at once.</summary>
    public void Failed(TimeSpan now)
    {
        _running--;
        _due = now;
    }
}
