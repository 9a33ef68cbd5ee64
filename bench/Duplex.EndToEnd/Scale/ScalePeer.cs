using System.Diagnostics;
using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>A client of scale: this program with a peer's name, or another with the same command line.</summary>
/// <param name="Name">The name in JSON and in the table.</param>
/// <param name="Label">The name in a chart.</param>
/// <param name="Program">The program's path.</param>
/// <param name="Own">The peer's name on this program's command line, or null for another program.</param>
internal sealed record ScalePeer(string Name, string Label, string Program, string? Own)
{
    /// <summary>The peer that others are compared with.</summary>
    public const string Baseline = "bcl";

    /// <summary>Our peers, then <paramref name="also"/>, each NAME=PROGRAM.</summary>
    public static ScalePeer[] All(string[] also) =>
    [
        new("duplex", "Duplex", Environment.ProcessPath!, "duplex-recycle"),
        new("direct", "Duplex direct", Environment.ProcessPath!, "duplex-direct"),
        new(Baseline, "ClientWebSocket", Environment.ProcessPath!, "bcl"),
        .. also.Select(Parse),
    ];

    /// <summary>Runs a job in a process of its own: PEER MODE URL SIZE SESSIONS SECONDS.</summary>
    public async Task<ScaleFigures> RunAsync(Job job, double seconds)
    {
        string[] arguments =
        [
            job.Mode,
            job.Server.ToString(),
            job.Size.ToString(CultureInfo.InvariantCulture),
            job.Count.ToString(CultureInfo.InvariantCulture),
            seconds.ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo(Program, Own is null ? arguments : [Own, .. arguments])
        {
            RedirectStandardOutput = true,
        };
        using Process client = Process.Start(start)!;
        return await ScaleFigures.ReadAsync(client);
    }

    private static ScalePeer Parse(string also) => also.Split('=', 2) is [{ Length: > 0 } name, { Length: > 0 } program]
        ? new ScalePeer(name, name, program, Own: null)
        : throw new ArgumentException($"--also takes NAME=PROGRAM, not '{also}'.");
}
