using System.Text;

namespace Duplex.EndToEnd;

/// <summary>One workload of one size, to be run so many times over.</summary>
/// <param name="Mode">pingpong, pipe, flood, tflood, sink or idle.</param>
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
        _ => throw new ArgumentException($"There is no workload '{Mode}'."),
    });

    /// <summary>The message: letters, so that it is text, too.</summary>
    public byte[] Payload() => Encoding.ASCII.GetBytes(new string('q', Size));
}
