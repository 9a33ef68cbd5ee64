using System.Net;
using System.Text;

namespace Duplex.EndToEnd;

/// <summary>One workload with one message size and count.</summary>
/// <param name="Mode">
/// pingpong, pipe, flood, tflood, sink or idle; idle-tls over TLS; compressed dflood, dsink and decho at the
/// platform's level, dsinkfast and dechofast at ours; h2-pingpong, h2-pipe, h2-flood and h2-sink over HTTP/2;
/// scale-each and scale-total.
/// </param>
/// <param name="Server">
/// The server's ws://host:port, or wss://host:port over TLS; HTTP/2 and TLS have ports of their own.
/// </param>
/// <param name="Size">The message's payload in bytes.</param>
/// <param name="Count">The number of messages; for idle and scale the number of connections.</param>
internal sealed record Job(string Mode, Uri Server, int Size, long Count)
{
    private const string Http2Prefix = "h2-";
    private const string TlsSuffix = "-tls";

    /// <summary>Whether the session is a stream of HTTP/2, without TLS.</summary>
    public bool IsHttp2 => Mode.StartsWith(Http2Prefix, StringComparison.Ordinal);

    /// <summary>Whether the connection is over TLS.</summary>
    public bool IsTls => Mode.EndsWith(TlsSuffix, StringComparison.Ordinal);

    /// <summary>The mode without the version of HTTP and without TLS.</summary>
    public string Workload =>
        IsHttp2 ? Mode[Http2Prefix.Length..] : IsTls ? Mode[..^TlsSuffix.Length] : Mode;

    // Created on first use, not copied. Idle connections share it, as those of an application do.
    private Uri? _url;

    private Job(Job other) => (Mode, Server, Size, Count) = other;

    /// <summary>The URL of the workload.</summary>
    public Uri Url => _url ??= new(Server, Workload switch
    {
        "pingpong" or "pipe" => "/echo",
        "flood" => $"/flood?size={Size}&count={Count}",
        "tflood" => $"/flood?size={Size}&count={Count}&text=1",
        "sink" => $"/sink?size={Size}&count={Count}",
        "idle" => "/idle",
        "scale-each" or "scale-total" => "/paced",
        "dflood" => $"/dflood?size={Size}&count={Count}",
        "dsink" or "dsinkfast" => $"/dsink?count={Count}",
        "decho" or "dechofast" => "/decho",
        _ => throw new ArgumentException($"There is no workload '{Mode}'."),
    });

    /// <summary>Whether many connections are silent.</summary>
    public bool IsIdle => Workload == "idle";

    /// <summary>Whether many sessions send at a steady rate.</summary>
    public bool IsScale => Mode.StartsWith("scale-", StringComparison.Ordinal);

    /// <summary>Whether messages are compressed.</summary>
    public bool IsCompressed => Mode[0] == 'd';

    /// <summary>Asks for the job's version of HTTP.</summary>
    public void Configure(WebSocketRequest request)
    {
        if (!IsHttp2)
            return;
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
    }

    /// <summary>
    /// The messages that are sent in turn; their number is a power of two. Those to be compressed exceed the window, so
    /// that none finds its own repetition there.
    /// </summary>
    public byte[][] Payloads() => IsCompressed ? JsonText.Messages(Size, 64) : [Payload()];

    /// <summary>The message, in letters, so that it is also valid text.</summary>
    public byte[] Payload() => Encoding.ASCII.GetBytes(new string('q', Size));
}
