using System.Collections.Concurrent;
using System.IO.Compression;
using System.Text;

namespace Duplex.Tests;

/// <summary>How the cases of RFC 7692 are set up.</summary>
internal static class Compression
{
    /// <summary>A client that has installed permessage-deflate, and a server's answer.</summary>
    public static SessionSetup Accepted(string parameters = "", Action<PerMessageDeflateOptions>? configure = null, Action<WebSocketsOptions>? options = null) => new()
    {
        Options = ws =>
        {
            ws.Extensions.InstallPerMessageDeflate(deflate =>
            {
                deflate.MinimumSize = 0;
                configure?.Invoke(deflate);
            });
            options?.Invoke(ws);
        },
        Answer = $"Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n",
        Reserved = 4,
    };

    private static readonly ConcurrentDictionary<int, string> Texts = new();

    /// <summary>Text of a size as programs send it.</summary>
    public static string Json(int size) => Texts.GetOrAdd(size, MakeJson);

    private static string MakeJson(int size)
    {
        var random = new Random(size);
        var text = new StringBuilder();
        while (text.Length < size)
            text.Append($"{{\"id\":{random.Next(100_000)},\"name\":\"alpha\",\"on\":true}},");
        return text.ToString(0, size);
    }

    public static PeerFrame Text(byte[] payload) => PeerFrame.Compressed(0x1, payload);

    public static PeerFrame Binary(byte[] payload) => PeerFrame.Compressed(0x2, payload);

    public static byte[] Hex(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>A case of what a peer sends to a client that compresses.</summary>
    public static Receiving Receives(string what, params IReadOnlyList<PeerFrame> sent) => new(what, sent) { Roles = [WebSocketRole.Client], Setup = Accepted() };

    /// <summary>A block that is stored as it is.</summary>
    public static byte[] Stored(byte[] bytes, bool final = false) =>
        [final ? (byte)1 : (byte)0, (byte)bytes.Length, (byte)(bytes.Length >> 8), (byte)~bytes.Length, (byte)(~bytes.Length >> 8), .. bytes];

    /// <summary>A message that ends its DEFLATE stream, as one flushes that can only finish; RFC 7692 §7.2.3.4 adds a byte for the tail's sake.</summary>
    public static byte[] Finished(byte[] message, CompressionLevel level)
    {
        var bytes = new MemoryStream();
        using (var codec = new DeflateStream(bytes, level, leaveOpen: true))
            codec.Write(message);
        return [.. bytes.ToArray(), 0x00];
    }
}
