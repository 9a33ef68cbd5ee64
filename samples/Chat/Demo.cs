using Chat.Server;
using Microsoft.AspNetCore.Builder;

namespace Chat;

/// <summary>A server and two clients in one program, which exchange three messages.</summary>
public static class Demo
{
    // It takes a second. The timeout is for a machine that stands still.
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <returns>The exit code: 0 if both clients ended cleanly.</returns>
    public static async Task<int> RunAsync(TextWriter output)
    {
        TextWriter lines = TextWriter.Synchronized(output); // three write to it
        await using WebApplication server = ChatServer.Create(port: 0);
        await server.StartAsync();
        var address = new Uri(server.Urls.First());
        lines.WriteLine($"server | listens on {address}");

        using var patience = new CancellationTokenSource(Timeout);
        var ann = new ScriptedTerminal(line => lines.WriteLine($"   Ann | {line}"));
        var bob = new ScriptedTerminal(line => lines.WriteLine($"   Bob | {line}"));

        Task<int> annRuns = ChatApp.RunAsync(address, "demo", "Ann", ann);
        await ann.SeeAsync("* Ann is here.", patience.Token);
        Task<int> bobRuns = ChatApp.RunAsync(address, "demo", "Bob", bob);
        await ann.SeeAsync("* Bob is here.", patience.Token);

        ann.Type("Hello, Bob!");
        await bob.SeeAsync("Ann: Hello", patience.Token);
        bob.Type("Hello, Ann! How far away are you?");
        await ann.SeeAsync("Bob: Hello", patience.Token);
        ann.Type("/ping");
        string roundTrip = await ann.SeeAsync("* The round trip", patience.Token);
        ann.Type($"The machine says: {roundTrip.TrimStart('*', ' ')}");
        await bob.SeeAsync("Ann: The machine", patience.Token);

        bob.Type("/quit");
        await ann.SeeAsync("* Bob has left.", patience.Token);
        await server.StopAsync(patience.Token); // Ann learns why her session ends
        return await annRuns + await bobRuns;
    }
}
