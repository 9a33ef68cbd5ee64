using System.Text;

namespace Duplex.EndToEnd;

/// <summary>One workload of one size, to be run so many times over.</summary>
/// <param name="Mode">pingpong, pipe, flood, tflood, sink or idle; compressed dflood, dsink and decho at the platform's level, dsinkfast and dechofast at ours.</param>
/// <param name="Server">The server's ws://host:port.</param>
/// <param name="Size">The message's payload in bytes.</param>
/// <param name="Count">How many messages; for idle how many connections.</param>
internal sealed record Job(string Mode, Uri Server, int Size, long Count)
{
    /// <summary>Where the workload is served.</summary>
    public Uri Url => new(Server, Mode switch
    {
        "pingpong" or "pipe" => "/echo",
        "flood" => $"/flood?size={Size}&count={Count}",
        "tflood" => $"/flood?size={Size}&count={Count}&text=1",
        "sink" => $"/sink?size={Size}&count={Count}",
        "idle" => "/idle",
        "dflood" => $"/dflood?size={Size}&count={Count}",
        "dsink" or "dsinkfast" => $"/dsink?count={Count}",
        "decho" or "dechofast" => "/decho",
        _ => throw new ArgumentException($"There is no workload '{Mode}'."),
    });

    /// <summary>Whether messages are compressed.</summary>
    public bool IsCompressed => Mode[0] == 'd';

    /// <summary>The messages that are sent in turn, a power of two of them: to be compressed more than fit a window, so that each is news.</summary>
    public byte[][] Payloads() => IsCompressed ? JsonText.Messages(Size, 64) : [Payload()];

    /// <summary>The message: letters, so that it is text, too.</summary>
    public byte[] Payload() => Encoding.ASCII.GetBytes(new string('q', Size));
}
