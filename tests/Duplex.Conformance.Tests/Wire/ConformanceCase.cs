namespace Duplex.Tests;

/// <summary>One case of a rule.</summary>
/// <param name="What">What the peer or the user does.</param>
/// <param name="Played">The roles that we play in it; none for both.</param>
internal abstract record ConformanceCase(string What, params IReadOnlyList<WebSocketRole> Played)
{
    /// <summary>How many bytes the peer writes at a time.</summary>
    public static readonly IReadOnlyList<int> Chunkings = [1, 2, 7, 64 * 1024];

    /// <summary>The roles that we play in it.</summary>
    public IReadOnlyList<WebSocketRole> Roles { get; init; } = Played.Count > 0 ? Played : [WebSocketRole.Client, WebSocketRole.Server];

    /// <summary>The chunkings that it is run with.</summary>
    public IReadOnlyList<int> Chunks { get; init; } = Chunkings;

    /// <summary>What must come of it, in words.</summary>
    public abstract string Outcome { get; }

    /// <summary>Whether it is run over HTTP/2, too: unless it is about what only HTTP/1.1 has, about what Kestrel cannot send, or ends before anything is sent. A server's role needs no HTTP.</summary>
    public virtual bool IsOverHttp2 => Roles.Contains(WebSocketRole.Client);

    /// <summary>Each role, with each transport that it is run over.</summary>
    public IEnumerable<(WebSocketRole Role, Transport Transport)> Runs() =>
        from role in Roles
        from transport in role == WebSocketRole.Client && IsOverHttp2 ? (Transport[])[Transport.Tcp, Transport.H2c, Transport.H2] : [Transport.Tcp]
        select (role, transport);

    public abstract Task RunAsync(WebSocketRole role, int chunk, Transport transport);
}

/// <summary>A case that is a talk to and fro.</summary>
/// <param name="What">What the peer or the user does.</param>
/// <param name="Then">What must come of it.</param>
/// <param name="Script">The talk, with its checks.</param>
internal sealed record Dialogue(string What, string Then, Func<Conversation, Task> Script) : ConformanceCase(What)
{
    public SessionSetup Setup { get; init; } = SessionSetup.Plain;

    public override string Outcome => Then;

    public override async Task RunAsync(WebSocketRole role, int chunk, Transport transport)
    {
        await using Conversation talk = await Conversation.OpenAsync(role, chunk, Setup, transport);
        await Script(talk);
    }
}

/// <summary>A case that is made when it is run: one too large to be held in memory, and to be written in little pieces.</summary>
/// <param name="What">What the peer sends.</param>
/// <param name="Then">What must come of it.</param>
/// <param name="Make">Makes it.</param>
internal sealed record Large(string What, string Then, Func<Receiving> Make) : ConformanceCase(What)
{
    public override string Outcome => Then;

    public override Task RunAsync(WebSocketRole role, int chunk, Transport transport) => Make().RunAsync(role, chunk, transport);

    /// <summary>A message that must come as it was sent, in fragments of a size.</summary>
    public static Large Message(string what, int opcode, Func<byte[]> payload, int fragment) => new(what, "seen", () =>
    {
        byte[] bytes = payload();
        return new Receiving(what, [.. PeerFrame.Cut(opcode, bytes, fragment)]) { Sees = [opcode == 0x1 ? Words.Text(bytes) : Words.Binary(bytes)] };
    })
    { Chunks = [64 * 1024] };
}
