// Compares Duplex with the platform's ClientWebSocket and the package Websocket.Client, over loopback.
//
//     dotnet run -c Release --project bench/Duplex.EndToEnd   all cells but scale: a table of medians (12 minutes)
//     … -- --quick | --only flood:128,sink:1024 | --json      fewer rounds | some cells | a line of JSON per cell
//     … -- --only h2-pingpong,h2-pipe,h2-flood,h2-sink        the same workloads over HTTP/2, without TLS
//     … -- --only h2-share                                    how 100 sessions share one connection of HTTP/2
//     … -- --only scale-total,scale-each                      up to 9,000 sessions at a steady rate (12 minutes)
//          --also NAME=PROGRAM                                with another client, such as that of bench/gorilla
//          --chart DIRECTORY                                  and charts of it, as SVG
//     … -- PEER MODE URL SIZE COUNT [WARM]                    one run of one client on your own server, in JSON
//     … -- PEER scale-total|scale-each URL SIZE COUNT [SECS]  COUNT sessions, measured for some seconds
//     … -- --server                                           our server: prints its ports: HTTP/1.1, HTTP/2, TLS
using System.CommandLine;
using System.Globalization;
using Duplex.EndToEnd;

if (args is ["--server"])
{
    using var http1 = new LoopbackListener(LoopbackServer.Serve);
    await using Http2Server http2 = await Http2Server.StartAsync();
    using var tls = new LoopbackListener(new TlsServer().Serve);
    Console.WriteLine(http1.Port);
    Console.WriteLine(http2.Port);
    Console.WriteLine(tls.Port);
    http1.Start();
    tls.Start();
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
var also = new Option<string[]>("--also")
{
    Description = "NAME=PROGRAM: a client that joins scale. It is run as PROGRAM MODE URL SIZE COUNT SECS.",
};
var chart = new Option<string?>("--chart") { Description = "A directory for the charts of scale, as SVG." };
var run = new Argument<string[]>("run")
{
    Description = "PEER MODE URL SIZE COUNT [WARM]: one run.",
    Arity = ArgumentArity.ZeroOrMore,
};
var root = new RootCommand("Measures Duplex beside other WebSocket clients, over loopback.")
{
    json, quick, only, also, chart, run,
};
root.SetAction(async (parsed, token) =>
{
    string[] one = parsed.GetValue(run)!;
    if (one.Length == 0)
    {
        return await Comparison.RunAsync(new Settings(
            parsed.GetValue(only) ?? [], parsed.GetValue(quick), parsed.GetValue(json), parsed.GetValue(also) ?? [],
            parsed.GetValue(chart)));
    }

    if (one.Length is < 5 or > 6)
    {
        await Console.Error.WriteLineAsync("One run takes PEER MODE URL SIZE COUNT [WARM].");
        return 2;
    }

    var job = new Job(
        one[1],
        new Uri(one[2]),
        int.Parse(one[3], CultureInfo.InvariantCulture),
        long.Parse(one[4], CultureInfo.InvariantCulture));
    if (job.IsScale)
    {
        double seconds = one.Length == 6 ? double.Parse(one[5], CultureInfo.InvariantCulture) : 5;
        Console.WriteLine((await ScaleRun.RunAsync(one[0], job, seconds)).ToJson());
        Environment.Exit(0); // thousands of sessions are not closed one by one
    }

    var peer = Peer.Create(one[0]);
    long warm = one.Length == 6 ? long.Parse(one[5], CultureInfo.InvariantCulture) : job.Count / 4;

    // In two halves, with a pause after each, so that the JIT's optimized code is in use.
    for (int i = 0; i < 2 && warm > 1 && !job.IsIdle; i++)
    {
        await peer.RunAsync(job with { Count = warm / 2 });
        await Task.Delay(150, token);
    }

    Console.WriteLine((await peer.RunAsync(job)).ToJson(one[0], job));
    Environment.Exit(0); // idle connections are not closed one by one
    return 0;
});
return await root.Parse(args).InvokeAsync();
