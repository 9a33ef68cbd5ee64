// A chat over WebSockets: a server, and a client for the terminal.
//
//     dotnet run --project samples/Chat                                                 a short demo by itself
//     dotnet run --project samples/Chat -- serve --port 5080                            the server
//     dotnet run --project samples/Chat -- join ws://127.0.0.1:5080 --name Ann          a client
using System.CommandLine;
using Chat;
using Chat.Server;

var port = new Option<int>("--port")
{
    Description = "The port, or 0 for a free one.",
    DefaultValueFactory = _ => 5080,
};
var serve = new Command("serve", "Runs the server on 127.0.0.1, until Ctrl+C.") { port };
serve.SetAction((parsed, _) => ChatServer.RunAsync(parsed.GetValue(port)));

var address = new Argument<Uri?>("address")
{
    Description = "The server, such as ws://127.0.0.1:5080.",
    CustomParser = result =>
    {
        if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? uri) && uri.Scheme is ("ws" or "wss"))
            return uri;
        result.AddError("The address begins with ws:// or wss://.");
        return null;
    },
};
var name = new Option<string>("--name") { Description = "Your name.", Required = true };
var room = new Option<string>("--room") { Description = "The room.", DefaultValueFactory = _ => "lobby" };
var join = new Command("join", "Joins a room. /ping measures the round trip, /quit leaves.") { address, name, room };
join.SetAction((parsed, _) => ChatApp.RunAsync(
    parsed.GetRequiredValue(address)!,
    parsed.GetRequiredValue(room),
    parsed.GetRequiredValue(name),
    new ConsoleTerminal()));

var root = new RootCommand("A chat over WebSockets. Without arguments: a demo with a server and two clients.")
{
    serve,
    join,
};
root.SetAction((_, _) => Demo.RunAsync(Console.Out));

// Ctrl+C belongs to the hosts, which close what is open.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
