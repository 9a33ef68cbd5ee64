namespace Duplex;

/// <summary>
/// The table of what is transient and what is fatal. The first row that applies decides. docs/reconnect-verdicts.md is
/// generated from it.
/// </summary>
internal static class DisconnectTable
{
    private const DisconnectRule Again = DisconnectRule.Transient;
    private const DisconnectRule Refused = DisconnectRule.Refusal;
    private const DisconnectRule GiveUp = DisconnectRule.Fatal;

    public static IReadOnlyList<DisconnectRow> Rows { get; } =
    [
        // Our limits and options: the same messages will exceed them again.
        Row(
            "`FrameTooBigException`: our limit",
            GiveUp, "a message exceeded a limit of ours", f => f.Has<FrameTooBigException>()),
        Row(
            "`ChannelOverflowException`: our queue",
            GiveUp, "a queue of ours was full", f => f.Has<ChannelOverflowException>()),

        // Most often bytes that a proxy on the way has damaged or cut. A server's fault passes with its next version.
        Row(
            "`WebSocketProtocolException`: the peer broke the protocol",
            Again, "the peer broke the protocol", f => f.Has<WebSocketProtocolException>()),

        // Mistakes of the program, which a new attempt repeats.
        Row(
            "`ObjectDisposedException`",
            GiveUp, "an object that is needed is disposed", f => f.Threw<ObjectDisposedException>()),
        Row("`ArgumentException`", GiveUp, "an argument was wrong", f => f.Threw<ArgumentException>()),
        Row("`NotSupportedException`", GiveUp, "something is not supported", f => f.Threw<NotSupportedException>()),
        Row(
            "`InvalidOperationException`, such as a missing plugin",
            GiveUp, "an operation was invalid", f => f.Threw<InvalidOperationException>()),
        Row(
            "`WebSocketConverterNotFoundException`",
            GiveUp, "a converter is missing", f => f.Threw<WebSocketConverterNotFoundException>()),

        // The handshake, by its status.
        Status("300 to 399", Refused, "the server redirects", s => s is >= 300 and < 400),
        Status(400, Refused),
        Status(401, DisconnectRule.Authentication),
        Status(403, DisconnectRule.Authentication),
        Status(404, Refused),
        Status(405, Refused),
        Status(408, Again),
        Status(410, Refused),

        // RFC 9110 §15.5.20: a client "MAY retry the request [...] over a different connection".
        Status(421, Again),
        Status(425, Again),
        Status(426, Refused),
        Status(429, Again),
        Status("500 and above", Again, "the server failed", s => s >= 500),
        Status("none known", Again, "the handshake was refused", s => s is null),
        Status("any other", Refused, "the server answered another status than expected", s => s is not null),

        // The handshake, by the rest.
        Check(
            "`Certificate`",
            Refused, "the server's certificate is not trusted", f => f.Check == HandshakeCheck.Certificate),
        Check(
            "`Proxy`, without a status or with 408, 429 or from 500",
            Again, "the proxy failed", f => f is { Check: HandshakeCheck.Proxy, Status: null or 408 or 429 or >= 500 }),
        Check("`Proxy`, any other status", Refused, "the proxy refused", f => f.Check == HandshakeCheck.Proxy),
        Check(
            "`Transport`: DNS, TCP, TLS, resets",
            Again, "the server could not be reached", f => f.Check == HandshakeCheck.Transport),
        Check("`Timeout`", Again, "the handshake timed out", f => f.Check == HandshakeCheck.Timeout),
        Check(
            "`Disposed`, because a handler timed out or the requests were cancelled",
            Again, "the handshake was cancelled", f => f.IsGivenUpAbove),
        Check("`Disposed`", GiveUp, "the client is disposed", f => f.Check == HandshakeCheck.Disposed),
        Check("any other", Refused, "the response failed a check of the handshake", f => f.Check is not null),

        // The peer ended the connection.
        Close(1000, Again),
        Close(1001, Again),
        Close(1002, GiveUp),
        Close(1003, GiveUp),
        Close(1005, Again, ", a Close without a code"),
        Close(1007, GiveUp),
        Close(1008, GiveUp),
        Close(1009, GiveUp),
        Close(1010, GiveUp),
        Close(1011, Again),
        Close(1012, Again),
        Close(1013, Again),
        Close(1014, Again),
        Row(
            "the peer's Close, 3000 to 4999",
            Again, "the peer closed with a code of its own", f => (int?)f.PeersCode is >= 3000 and <= 4999),
        Row(
            "the peer's Close, any other code",
            Again, "the peer closed with another code", f => f.PeersCode is not null),

        // The rest.
        Row(
            "`TimeoutException`, `OperationCanceledException`: a timeout",
            Again, "it took too long", f => f.Has<TimeoutException>() || f.Has<OperationCanceledException>()),
        Row("`Configure` threw anything else", Again, "Configure threw", f => f.Phase == DisconnectPhase.Configuring),
        Row(
            "a hook of `OnConnected` threw anything else",
            Again, "a hook of OnConnected threw", f => f is { Phase: DisconnectPhase.GettingReady, IsOurClose: true }),
        Row("we ended the connection", Again, "we ended the connection", f => f.IsOurClose),
        Row("anything else: the connection was lost", Again, "the connection was lost", _ => true),
    ];

    public static DisconnectRow Of(DisconnectVerdict ended)
    {
        var facts = new DisconnectFacts(ended);
        return Rows.First(row => row.Matches(facts));
    }

    private static DisconnectRow Row(
        string what, DisconnectRule rule, string why, Func<DisconnectFacts, bool> matches) =>
        new(what, rule, why, matches);

    private static DisconnectRow Status(int status, DisconnectRule rule) =>
        Status($"{status}", rule, $"the server answered {status}", s => s == status);

    private static DisconnectRow Status(string status, DisconnectRule rule, string why, Func<int?, bool> matches) =>
        new($"status {status}", rule, why, f => f.Check == HandshakeCheck.Status && matches(f.Status));

    private static DisconnectRow Check(
        string check, DisconnectRule rule, string why, Func<DisconnectFacts, bool> matches) =>
        new($"check {check}", rule, why, matches);

    private static DisconnectRow Close(int code, DisconnectRule rule, string words = "") =>
        new($"the peer's Close, {code}{words}", rule, $"the peer closed with {code}", f => (int?)f.PeersCode == code);
}
