using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Duplex.EndToEnd;

/// <summary>
/// The figures of one run of one client, as the line of JSON that every client prints. A message is one sent and its
/// echo received.
/// </summary>
internal sealed record ScaleFigures(
    [property: JsonPropertyName("peer")] string Peer,
    [property: JsonPropertyName("mode")] string Mode,
    [property: JsonPropertyName("size")] int Size,
    [property: JsonPropertyName("sessions")] int Sessions,
    [property: JsonPropertyName("count")] int Count,
    [property: JsonPropertyName("secs")] double Seconds,
    [property: JsonPropertyName("msg_s")] double Rate,
    [property: JsonPropertyName("cpu_us")] double Cpu,
    [property: JsonPropertyName("user_us")] double User,
    [property: JsonPropertyName("sys_us")] double System,
    [property: JsonPropertyName("alloc")] double Allocated,
    [property: JsonPropertyName("p50_us")] double P50,
    [property: JsonPropertyName("p99_us")] double P99)
{
    // A client that leaves a figure out has another idea of the command line.
    private static readonly JsonSerializerOptions Strict = new() { RespectRequiredConstructorParameters = true };

    /// <summary>Runs a client to its end and reads its figures.</summary>
    public static async Task<ScaleFigures> ReadAsync(Process client)
    {
        string line = await client.StandardOutput.ReadToEndAsync();
        await client.WaitForExitAsync();
        return client.ExitCode == 0
            ? JsonSerializer.Deserialize<ScaleFigures>(line, Strict)!
            : throw new InvalidOperationException(
                $"{string.Join(' ', client.StartInfo.ArgumentList)} ended with code {client.ExitCode}.");
    }

    public string ToJson() => JsonSerializer.Serialize(this, Strict);
}
