namespace Duplex.Tests;

/// <summary>
/// A case in which the peer sends frames. Where it breaks a rule its bytes stop at the one that breaks it, and nothing follows until our Close has come: the violation is noticed
/// there, however much of the message was still to come. Where it does not, its Close follows, and the session must be alive to answer it.
/// </summary>
/// <param name="What">What the peer sends.</param>
/// <param name="Sent">The frames.</param>
internal sealed record Receiving(string What, params IReadOnlyList<PeerFrame> Sent) : ConformanceCase(What)
{
    public SessionSetup Setup { get; init; } = SessionSetup.Plain;

    /// <summary>The messages that the user sees.</summary>
    public IReadOnlyList<string> Sees { get; init; } = [];

    /// <summary>The frames that the peer hears.</summary>
    public IReadOnlyList<string> Hears { get; init; } = [];

    /// <summary>The code that the connection fails with; null if it does not fail.</summary>
    public CloseCode? Fails { get; init; }

    /// <summary>What the peer sends right behind a violation, in the same breath.</summary>
    public IReadOnlyList<PeerFrame> Behind { get; init; } = [];

    /// <summary>What the error says, beside what every one says.</summary>
    public string Says { get; init; } = "";

    public override string Outcome => Fails is { } code
        ? $"fails with {(ushort)code}{Where}"
        : string.Join("; ", (string[])[.. Sees.Select(seen => $"seen: {seen}"), .. Hears.Select(heard => $"answered: {heard}")]) is { Length: > 0 } words ? words : "nothing";

    /// <summary>The bytes up to the one that decides.</summary>
    public byte[] Bytes(WebSocketRole role) => PeerFrame.Encode(Sent, Peer(role));

    public override async Task RunAsync(WebSocketRole role, int chunk, Transport transport)
    {
        await using Conversation talk = await Conversation.OpenAsync(role, chunk, Setup, transport);
        PeerFrame[] close = Fails is null && !Sent.Any(frame => frame.Opcode == 0x8) ? [PeerFrame.Close(1000)] : [];
        string[] answer = Fails is { } failure ? [Words.Close((int)failure)] : close.Length > 0 ? [Words.Close(1000)] : [];
        Task<(List<string> Seen, Exception? Error)> seeing = talk.SeeAllAsync();

        // A server ends the connection by itself.
        Task<List<string>> hearing = talk.HearAllAsync(finish: role == WebSocketRole.Client || Fails is not null);
        await talk.Peer.WriteAsync(PeerFrame.Encode([.. Sent, .. Behind, .. close], Peer(role)));

        (List<string> seen, Exception? error) = await seeing.Soon();
        Assert.Equal([.. Hears, .. answer], await hearing.Soon());
        Assert.Equal(Sees, seen);
        CloseResult result = await talk.Session.Completion.Soon();
        if (Fails is { } code)
        {
            if (code == CloseCode.MessageTooBig)
                Assert.IsType<FrameTooBigException>(error);
            else
                Assert.Equal(code, Assert.IsType<WebSocketProtocolException>(error).CloseCode);
            Assert.Contains(Says, error.Message, StringComparison.Ordinal);
            Assert.Same(error, result.Error);
            Assert.Equal((CloseInitiator.Local, code, false), (result.Initiator, result.Sent?.Code, result.WasClean));
        }
        else
        {
            Assert.Null(error);
            Assert.Equal((CloseInitiator.Remote, true), (result.Initiator, result.WasClean));
        }
    }

    /// <summary>
    /// The same behind two messages and a ping, to a consumer that waits and answers each message at once: whatever the peer's next bytes do, each answer goes out before our Close, and the
    /// pong before the answer to what came after the ping.
    /// </summary>
    public async Task RunAnsweredAsync(WebSocketRole role, int chunk, Transport transport)
    {
        await using Conversation talk = await Conversation.OpenAsync(role, chunk, Setup, transport);
        Task<(List<string> Seen, Exception? Error)> seeing = talk.AnswerAllAsync();
        Task<List<string>> hearing = talk.HearAllAsync(finish: role == WebSocketRole.Client || Fails is not null);
        PeerFrame[] close = Fails is null && !Sent.Any(frame => frame.Opcode == 0x8) ? [PeerFrame.Close(1000)] : [];
        await talk.Peer.WriteAsync(PeerFrame.Encode([PeerFrame.Text("1"), PeerFrame.Ping(9), PeerFrame.Text("2"), .. Sent, .. Behind, .. close], Peer(role)));

        List<string> seen = (await seeing.Soon()).Seen;
        List<string> heard = await hearing.Soon();
        string[] ping = Setup.IsRaw ? [Words.Ping(9)] : [];
        Assert.Equal(["text '1'", .. ping, "text '2'", .. Sees], seen);
        int[] answers = [.. Enumerable.Range(1, seen.Count).Select(number => heard.IndexOf(Words.Text($"answer {number}")))];
        Assert.DoesNotContain(-1, answers);
        Assert.Equal(answers.Order(), answers);
        Assert.StartsWith("close", heard[^1], StringComparison.Ordinal);
        if (Fails is { } code)
            Assert.Equal(Words.Close((int)code), heard[^1]);
        if (!Setup.IsRaw)
            Assert.InRange(heard.IndexOf(Words.Pong(9)), 0, answers[1] - 1);
    }

    private string Where
    {
        get
        {
            int sent = Bytes(WebSocketRole.Client).Length;
            int all = PeerFrame.Encode(Sent.Select(frame => frame with { HeaderBytes = null, PayloadBytes = null }), WebSocketRole.Server).Length;
            ulong missing = Sent.Aggregate(0UL, (sum, frame) => sum + ((frame.Declared ?? (ulong)frame.Payload.Length) - (ulong)frame.Payload.Length));
            return (ulong)sent == (ulong)all + missing ? $", at byte {sent}" : $", at byte {sent} of {(ulong)all + missing}";
        }
    }

    private static WebSocketRole Peer(WebSocketRole role) => role == WebSocketRole.Client ? WebSocketRole.Server : WebSocketRole.Client;
}
