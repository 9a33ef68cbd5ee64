// Compares Duplex with the platform's ClientWebSocket and the package Websocket.Client, over loopback.
//
//     dotnet run -c Release --project bench/Duplex.EndToEnd   all cells: a table of medians, ratios (11 minutes)
//     … -- --quick | --only flood:128,sink:1024 | --json      fewer rounds | some cells | a line of JSON per cell
//     … -- --only h2-pingpong,h2-pipe,h2-flood,h2-sink        the same workloads over HTTP/2, without TLS
//     … -- --only h2-share                                    how 100 sessions share one connection of HTTP/2
//     … -- PEER MODE URL SIZE COUNT [WARM]                    one run of one client on your own server, in JSON
//     … -- --server                                           our server: prints its port, then that of HTTP/2
using System.CommandLine;
using System.Globalization;
using Duplex.EndToEnd;

if (args is ["--server"])
{
    using var server = new LoopbackServer();
    await using Http2Server http2 = await Http2Server.StartAsync();
    Console.WriteLine(server.Port);
    Console.WriteLine(http2.Port);
    new Thread(server.Run) { IsBackground = true }.Start();
    await Console.In.ReadToEndAsync(); // the parent holds our standard input: exit with it
    return 0;
}

var json = new Option<bool>("--json") { Description = "Print a line of JSON for each cell instead of a table." };
var quick = new Option<bool>("--quick") { Description = "Fewer rounds and less warm-up: within 3 minutes." };
var only = new Option<string[]>("--only")
{
    Description = "Cells to run, such as flood:128,sink.",
    AllowMultipleArgumentsPerToken = true,
    CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
};
var run = new Argument<string[]>("run")
{
    Description = "PEER MODE URL SIZE COUNT [WARM]: one run.",
    Arity = ArgumentArity.ZeroOrMore,
};
var root = new RootCommand("Measures Duplex beside other WebSocket clients, over loopback.") { json, quick, only, run };
root.SetAction(async (parsed, token) =>
{
    string[] one = parsed.GetValue(run)!;
    if (one.Length == 0)
        return await Comparison.RunAsync(parsed.GetValue(only) ?? [], parsed.GetValue(quick), parsed.GetValue(json));
    if (one.Length is < 5 or > 6)
    {
        await Console.Error.WriteLineAsync("One run takes PEER MODE URL SIZE COUNT [WARM].");
        return 2;
    }

    var peer = Peer.Create(one[0]);
    var job = new Job(
        one[1],
        new Uri(one[2]),
        int.Parse(one[3], CultureInfo.InvariantCulture),
        long.Parse(one[4], CultureInfo.InvariantCulture));
    long warm = one.Length == 6 ? long.Parse(one[5], CultureInfo.InvariantCulture) : job.Count / 4;

    // In two halves, with a pause after each, so that the JIT's optimized code is in use.
    for (int i = 0; i < 2 && warm > 1 && job.Mode != "idle"; i++)
    {
        await peer.RunAsync(job with { Count = warm / 2 });
        await Task.Delay(150, token);
    }

    Console.WriteLine((await peer.RunAsync(job)).ToJson(one[0], job));
    Environment.Exit(0); // idle connections are not closed one by one
    return 0;
});
return await root.Parse(args).InvokeAsync();
