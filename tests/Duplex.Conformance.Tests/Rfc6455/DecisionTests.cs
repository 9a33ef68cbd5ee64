namespace Duplex.Tests;

/// <summary>Every violation of the cases is noticed at the byte that makes it one, neither later nor earlier, and by every kind of session.</summary>
public sealed class DecisionTests
{
    public static TheoryData<string, WebSocketRole> Violations => new(
        Rfc6455.Book.Numbered().Where(numbered => numbered.Case is Receiving { Fails: not null }).SelectMany(numbered => numbered.Case.Roles, (numbered, role) => (numbered.Number, role)));

    [Theory, MemberData(nameof(Violations), DisableDiscoveryEnumeration = true)]
    public void A_violation_is_decided_by_the_last_byte_that_its_case_sends(string number, WebSocketRole role)
    {
        var broken = (Receiving)Rfc6455.Book.Numbered().Single(numbered => numbered.Number == number).Case;
        byte[] bytes = broken.Bytes(role);
        var options = new WebSocketsOptions();
        broken.Setup.Configure(options);

        Assert.Null(Judge(bytes.AsSpan(..^1)));
        Assert.Equal(broken.Fails, Judge(bytes));

        CloseCode? Judge(ReadOnlySpan<byte> first)
        {
            var reader = new FrameReader(role, options.MaxFrameSize);
            using var assembler = new MessageAssembler(AssemblerOutput.Messages, maxMessageSize: options.MaxMessageSize, maxFragments: options.MaxFragments);
            Span<byte> input = first.ToArray();
            while (assembler.Violation is null && reader.TryRead(ref input, out FramePiece piece))
                assembler.TryAccept(piece, out _);
            return (reader.Violation ?? assembler.Violation)?.Code;
        }
    }

    public static TheoryData<string> CompressedViolations => new(Rfc7692.Book.Numbered().Where(numbered => numbered.Case is Receiving { Fails: not null }).Select(numbered => numbered.Number));

    [Theory, MemberData(nameof(Violations), DisableDiscoveryEnumeration = true)]
    public async Task A_violation_ends_raw_sessions_and_sessions_that_receive_streams_alike(string number, WebSocketRole role)
    {
        var broken = (Receiving)Rfc6455.Book.Numbered().Single(numbered => numbered.Number == number).Case;
        foreach (SessionSetup setup in (SessionSetup[])[broken.Setup with { IsRaw = true }, broken.Setup with { ReceiveMode = ReceiveMode.Streams }])
        {
            // A raw session gives every frame as it is, and so knows no limits of messages.
            if (setup.IsRaw && broken.Fails == CloseCode.MessageTooBig && !broken.Says.Contains("MaxFrameSize", StringComparison.Ordinal))
                continue;

            // One that receives streams has no limits but those that are set.
            if (!setup.IsRaw && broken.Fails == CloseCode.MessageTooBig && setup.Options is null)
                continue;

            foreach (Transport transport in broken.Runs().Where(run => run.Role == role).Select(run => run.Transport))
                await EndsAsync(broken, role, setup, transport);
        }
    }

    [Theory, MemberData(nameof(CompressedViolations), DisableDiscoveryEnumeration = true)]
    public async Task A_violation_of_compression_ends_sessions_that_receive_streams_alike(string number)
    {
        var broken = (Receiving)Rfc7692.Book.Numbered().Single(numbered => numbered.Number == number).Case;
        foreach ((WebSocketRole role, Transport transport) in broken.Runs())
            await EndsAsync(broken, role, broken.Setup with { ReceiveMode = ReceiveMode.Streams }, transport);
    }

    [Fact]
    public void The_cases_reach_every_kind_of_violation() => Assert.Equal(
        [CloseCode.ProtocolError, CloseCode.InvalidFramePayloadData, CloseCode.MessageTooBig],
        Rfc6455.Book.Numbered().Select(numbered => numbered.Case).OfType<Receiving>().Select(one => one.Fails).OfType<CloseCode>().Distinct().Order());

    private static async Task EndsAsync(Receiving broken, WebSocketRole role, SessionSetup setup, Transport transport)
    {
        await using Conversation talk = await Conversation.OpenAsync(role, 64 * 1024, setup, transport);
        await talk.Peer.WriteAsync(broken.Bytes(role));
        string heard;
        do
            heard = await talk.HearAsync();
        while (heard.Contains("pong", StringComparison.Ordinal));
        Assert.Equal(Words.Close((int)broken.Fails!), heard);
        talk.Peer.Finish();
        await talk.HearAsync("the end");
        CloseResult result = await talk.Session.Completion.Soon();
        Assert.Equal((broken.Fails, false), (result.Sent?.Code, result.WasClean));
    }
}
