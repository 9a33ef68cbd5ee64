using System.Net.Sockets;
using System.Text;

namespace Duplex.Tests;

public class DisconnectTableTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(101, DisconnectRule.Refusal)]
    [InlineData(200, DisconnectRule.Refusal)]
    [InlineData(302, DisconnectRule.Refusal)]
    [InlineData(400, DisconnectRule.Refusal)]
    [InlineData(401, DisconnectRule.Authentication)]
    [InlineData(403, DisconnectRule.Authentication)]
    [InlineData(404, DisconnectRule.Refusal)]
    [InlineData(405, DisconnectRule.Refusal)]
    [InlineData(407, DisconnectRule.Refusal)]
    [InlineData(408, DisconnectRule.Transient)]
    [InlineData(410, DisconnectRule.Refusal)]
    [InlineData(418, DisconnectRule.Refusal)]
    [InlineData(421, DisconnectRule.Transient)]
    [InlineData(425, DisconnectRule.Transient)]
    [InlineData(426, DisconnectRule.Refusal)]
    [InlineData(429, DisconnectRule.Transient)]
    [InlineData(500, DisconnectRule.Transient)]
    [InlineData(501, DisconnectRule.Transient)]
    [InlineData(503, DisconnectRule.Transient)]
    [InlineData(599, DisconnectRule.Transient)]
    internal void A_status_has_its_rule(int status, DisconnectRule rule) => Assert.Equal(rule, DisconnectTable.Of(Ended.Refused(status)).Rule);

    [Theory]
    [InlineData(HandshakeCheck.Status, DisconnectRule.Transient)]
    [InlineData(HandshakeCheck.HttpVersion, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Upgrade, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Accept, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Subprotocol, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Extensions, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Redirect, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Certificate, DisconnectRule.Refusal)]
    [InlineData(HandshakeCheck.Proxy, DisconnectRule.Transient)]
    [InlineData(HandshakeCheck.Transport, DisconnectRule.Transient)]
    [InlineData(HandshakeCheck.Timeout, DisconnectRule.Transient)]
    [InlineData(HandshakeCheck.Disposed, DisconnectRule.Fatal)]
    internal void A_failed_check_has_its_rule(HandshakeCheck check, DisconnectRule rule) => Assert.Equal(rule, DisconnectTable.Of(Ended.Failed(check)).Rule);

    [Theory]
    [InlineData(null, DisconnectRule.Transient)]
    [InlineData(302, DisconnectRule.Refusal)]
    [InlineData(401, DisconnectRule.Refusal)]
    [InlineData(403, DisconnectRule.Refusal)]
    [InlineData(407, DisconnectRule.Refusal)]
    [InlineData(429, DisconnectRule.Transient)]
    [InlineData(502, DisconnectRule.Transient)]
    internal void A_proxys_refusal_has_its_rule(int? status, DisconnectRule rule) => Assert.Equal(rule, DisconnectTable.Of(Ended.Failed(Ended.ByProxy(status))).Rule);

    [Fact]
    public void A_handlers_timeout_that_looks_like_a_disposal_is_transient()
    {
        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Failed(new WebSocketHandshakeException(HandshakeRefusals.GivenUpAbove.Failure(), new TaskCanceledException()))).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(Ended.Failed(new WebSocketHandshakeException(HandshakeRefusals.PluginDisposed.Failure(), new TaskCanceledException()))).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(Ended.Failed(new WebSocketHandshakeException(HandshakeRefusals.ClientDisposed.Failure(), new ObjectDisposedException("")))).Rule);
    }

    public static TheoryData<Exception> Mistakes => new()
    {
        new ArgumentException(),
        new ArgumentNullException(),
        new InvalidOperationException(),
        new NotSupportedException(),
        new PlatformNotSupportedException(),
        new ObjectDisposedException("client"),
        new WebSocketConverterNotFoundException(),
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void A_mistake_of_the_program_is_fatal_in_every_phase_and_however_deep(Exception mistake)
    {
        foreach (DisconnectPhase phase in Enum.GetValues<DisconnectPhase>())
        {
            foreach (Exception error in (Exception[])[mistake, new AggregateException(new IOException(), mistake), new FormatException("", mistake), new WebSocketHandshakeException("", mistake)])
                Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(new DisconnectVerdict { Phase = phase, Error = error }).Rule);
        }
    }

    [Theory, MemberData(nameof(Mistakes))]
    public void What_looks_like_a_mistake_inside_a_transports_error_is_transient(Exception inner)
    {
        foreach (Exception error in (Exception[])[new IOException("", inner), new HttpRequestException("", inner), new TaskCanceledException("", inner), new WebSocketHandshakeException("", new HttpRequestException("", inner))])
        {
            Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Failed(error)).Rule);
            Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Ready(Minute, new CloseResult { Error = error })).Rule);
        }
    }

    [Theory, MemberData(nameof(Mistakes))]
    public void A_hook_that_fails_because_the_connection_ended_made_no_mistake(Exception error)
    {
        var verdict = new DisconnectVerdict { Phase = DisconnectPhase.GettingReady, Error = error, Close = Ended.ByPeer(1001) };

        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(verdict).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(verdict with { Close = Ended.ByPeer(1008) }).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(verdict with { Close = Ended.ByUs(1000) }).Rule);
    }

    public static TheoryData<Exception> Failures => new()
    {
        new IOException(),
        new SocketException((int)SocketError.HostNotFound),
        new HttpRequestException(),
        new TimeoutException(),
        new OperationCanceledException(),
        new InvalidDataException(),
        new WebSocketDeserializeException(),
        new WebSocketClosedException(),
        new KeyNotFoundException(),
    };

    [Theory, MemberData(nameof(Failures))]
    public void Any_other_error_is_transient_in_every_phase(Exception error)
    {
        foreach (DisconnectPhase phase in Enum.GetValues<DisconnectPhase>())
            Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(new DisconnectVerdict { Phase = phase, Error = error }).Rule);
    }

    [Fact]
    public void The_refusal_of_another_session_that_code_opens_is_no_refusal_of_ours()
    {
        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Refused(404) with { Phase = DisconnectPhase.Configuring }).Rule);
        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Refused(401) with { Phase = DisconnectPhase.GettingReady }).Rule);
    }

    [Theory]
    [InlineData(1000, true)]
    [InlineData(1001, true)]
    [InlineData(1002, false)]
    [InlineData(1003, false)]
    [InlineData(1004, true)]
    [InlineData(1005, true)]
    [InlineData(1006, true)]
    [InlineData(1007, false)]
    [InlineData(1008, false)]
    [InlineData(1009, false)]
    [InlineData(1010, false)]
    [InlineData(1011, true)]
    [InlineData(1012, true)]
    [InlineData(1013, true)]
    [InlineData(1014, true)]
    [InlineData(1015, true)]
    [InlineData(3000, true)]
    [InlineData(4001, true)]
    [InlineData(4999, true)]
    [InlineData(5000, true)]
    public void A_peers_close_has_its_rule_and_an_echo_of_ours_has_none(int code, bool isTransient)
    {
        Assert.Equal(isTransient ? DisconnectRule.Transient : DisconnectRule.Fatal, DisconnectTable.Of(Ended.Ready(Minute, Ended.ByPeer(code))).Rule);
        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Ready(Minute, Ended.ByUs(code))).Rule);
    }

    [Theory]
    [InlineData(1002)]
    [InlineData(1007)]
    public void A_peer_that_broke_the_protocol_is_transient_though_we_closed_for_it(int code) =>
        Assert.Equal(DisconnectRule.Transient, DisconnectTable.Of(Ended.Ready(Minute, Ended.ByUs(code, new WebSocketProtocolException("", (CloseCode)code)))).Rule);

    [Fact]
    public void Our_own_limits_are_fatal()
    {
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(Ended.Ready(Minute, Ended.ByUs(1009, new FrameTooBigException()))).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(Ended.Ready(Minute, Ended.ByUs(1011, new ChannelOverflowException()))).Rule);
        Assert.Equal(DisconnectRule.Fatal, DisconnectTable.Of(new DisconnectVerdict { Phase = DisconnectPhase.GettingReady, Error = new WebSocketClosedException("", new FrameTooBigException()) }).Rule);
    }

    [Fact]
    public void Each_row_applies_to_something_and_its_words_fit_a_log()
    {
        DisconnectRow[] found = [.. Cases().Select(DisconnectTable.Of).Distinct()];

        Assert.Empty(DisconnectTable.Rows.Except(found).Select(row => row.Case));
        Assert.All(DisconnectTable.Rows, row => Assert.Matches("^[A-Za-z0-9 ']{5,60}$", row.Why));
        Assert.Equal(DisconnectTable.Rows.Count, DisconnectTable.Rows.Select(row => row.Case).Distinct().Count());
    }

    [Fact]
    public void The_page_lists_the_table_as_it_is()
    {
        string path = Path.Combine(RepositoryRoot.Path, "docs", "reconnect-verdicts.md");
        string page = Page();
        if (Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") == "1")
            File.WriteAllText(path, page);

        Assert.True(File.Exists(path) && File.ReadAllText(path) == page, "docs/reconnect-verdicts.md is not what the table says. Write it anew with DUPLEX_WRITE_PAGES=1, and look at what has changed.");
    }

    private static IEnumerable<DisconnectVerdict> Cases() =>
    [
        .. from code in Enumerable.Range(999, 20).Append(4000) select Ended.Ready(Minute, Ended.ByPeer(code)),
        .. from status in Enumerable.Range(101, 500) select Ended.Refused(status),
        .. from check in Enum.GetValues<HandshakeCheck>() select Ended.Failed(check),
        .. from error in Mistakes select Ended.Failed(error.Data),
        .. from error in (Exception[])[new FrameTooBigException(), new ChannelOverflowException(), new WebSocketProtocolException(), new TimeoutException()] select Ended.Failed(error),
        Ended.Failed(Ended.ByProxy(403)),
        Ended.Failed(new WebSocketHandshakeException(HandshakeRefusals.GivenUpAbove.Failure())),
        Ended.Failed() with { Phase = DisconnectPhase.Configuring },
        Ended.Failed() with { Phase = DisconnectPhase.GettingReady, Close = Ended.ByUs(1000) },
        Ended.Ready(Minute, Ended.ByUs(1000)),
        Ended.Ready(Minute),
    ];

    private static string Page()
    {
        var page = new StringBuilder("""
            # When to connect again

            A connection that Duplex keeps (`StayConnectedAsync`, `ReconnectingWebSocket`) is opened again after it ended, unless
            that is pointless. The first row that applies decides. `StayConnectedOptions.IsTransient` can decide otherwise: its
            argument has the decision of the table. `Why` is the property of `DisconnectVerdict`.

            The table is the code's own (`DisconnectTable`). The tests write this page and fail where it differs.

            | what happened | what follows | `Why` |
            |---|---|---|

            """);
        foreach (DisconnectRow row in DisconnectTable.Rows)
            page.Append($"| {row.Case} | {Words(row.Rule)} | {row.Why} |\n");
        page.Append("""

            - **once more**: `Configure` is called with `IsAuthRetry`, to renew the credentials. A second 401 or 403 before a
              connection is ready is final, and so is the first if `Configure` is not set.
            - **give up, or grace**: before the first connection was ready, this is final. Later it is tried again after each
              `MaxDelay`, plus up to 20 %, for `FatalGrace`: servers answer so while they are deployed, and captive portals.

            Exceptions count wherever they are in `InnerException` or in an `AggregateException`. Those of the program, from
            `ObjectDisposedException` to `WebSocketConverterNotFoundException`, do not count inside an exception of the transport
            (`IOException`, `SocketException`, `HttpRequestException`, `AuthenticationException`, `TimeoutException`,
            `OperationCanceledException`), nor if the peer or the network ended the connection. A Close counts for the side that
            began: an echo of ours does not.

            ## How long to wait

            | what decides | the wait |
            |---|---|
            | `Backoff` | uniform from 0 to a bound: `MinDelay`, each time `DelayFactor` times as much, at most `MaxDelay`. It is `MinDelay` again after a connection that was ready for `StableAfter`. |
            | `Authentication` | the same |
            | `FatalGrace` | `MaxDelay`, plus up to 20 % |
            | `RetryAfter` | the header's seconds, or its date minus the response's `Date`; at most `MaxServerDelay`, plus up to 20 % |
            | `CloseReason` | what `StayConnectedOptions.ServerDelay` returns; at most `MaxServerDelay`, plus up to 20 % |
            | `CloseCode` | after 1012 of a stable connection uniform from 0 to 5 s; after 1013 5 s, plus up to 20 % |

            Of a server's wait and our own the longer one counts. Only after 1012 the server's counts in any case.

            """);
        return page.ToString();
    }

    private static string Words(DisconnectRule rule) => rule switch
    {
        DisconnectRule.Transient => "connect again",
        DisconnectRule.Authentication => "once more",
        DisconnectRule.Refusal => "give up, or grace",
        _ => "give up",
    };
}
