// Puts three clients that reconnect through the same scripts of faults: Duplex, Websocket.Client and SignalR's client.
//
//     dotnet run -c Release --project bench/Duplex.Feeds     all scripts, three at a time: two tables (9 minutes)
//     … -- --quick                                           fewer faults, and minutes of 10 s: not for comparing
//     … -- --scripts reset,dead --only duplex,signalr        some scripts | some clients
//     … -- --seed 7 --parallel 1                             other moments | one script at a time
//
// docs/reconnecting-compared.md says what each script does, and how each client is set.
using System.CommandLine;
using Duplex.Feeds;

var client = new Option<string?>("--client") { Hidden = true };
var server = new Option<string>("--server") { Hidden = true };
var first = new Option<long>("--first") { Hidden = true };
var only = new Option<string[]>("--only")
{
    Description = $"The clients: {string.Join(", ", FeedClient.Names)}.",
    AllowMultipleArgumentsPerToken = true,
    CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
};
var scripts = new Option<string[]>("--scripts")
{
    Description = $"The scripts: {string.Join(", ", Script.All.Select(script => script.Name))}.",
    AllowMultipleArgumentsPerToken = true,
    CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
};
var seed = new Option<int>("--seed") { Description = "The seed of the random moments.", DefaultValueFactory = _ => 1 };
var quick = new Option<bool>("--quick") { Description = "Fewer faults, and minutes of 10 s." };
var parallel = new Option<int>("--parallel")
{
    Description = "How many scripts run at the same time.",
    DefaultValueFactory = _ => 3,
};
var root = new RootCommand("Compares clients that reconnect, under the same faults.")
{
    client, server, first, only, scripts, seed, quick, parallel,
};
root.SetAction(async parsed =>
{
    if (parsed.GetValue(client) is { } name)
    {
        await ClientProgram.RunAsync(name, new Uri(parsed.GetRequiredValue(server)), parsed.GetValue(first));
        return 0;
    }

    string[] clients = parsed.GetValue(only) is { Length: > 0 } chosen ? chosen : FeedClient.Names;
    Script[] run = parsed.GetValue(scripts) is { Length: > 0 } named
        ? [.. Script.All.Where(script => named.Contains(script.Name))]
        : [.. Script.All];
    if (run.Length == 0 || clients.Except(FeedClient.Names).Any())
    {
        await Console.Error.WriteLineAsync("No such script or client; --help lists them.");
        return 2;
    }

    Pace pace = parsed.GetValue(quick) ? Pace.Quick : Pace.Full;
    return await Comparison.RunAsync(run, clients, parsed.GetValue(seed), pace, parsed.GetValue(parallel));
});
return await root.Parse(args).InvokeAsync();
