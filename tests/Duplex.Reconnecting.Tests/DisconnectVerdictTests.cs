using System.Globalization;
using System.Net;

namespace Duplex.Tests;

public sealed class DisconnectVerdictTests
{
    [Fact]
    public void ToString_has_the_phase_the_rule_and_the_next_delay_in_any_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        CultureInfo.CurrentCulture = comma;
        try
        {
            DisconnectVerdict verdict = Ended.Failed() with
            {
                Why = "a rule",
                NextDelay = TimeSpan.FromSeconds(1.25),
                DelaySource = DelaySource.Backoff,
            };
            Assert.Equal("Connecting: a rule; the next attempt is in 1.25 s (Backoff)", verdict.ToString());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void ToString_says_that_there_is_no_further_attempt() => Assert.Equal(
        "Connecting: a rule; there is no further attempt", (Ended.Failed() with { Why = "a rule" }).ToString());

    [Fact]
    public void ToString_has_nothing_of_the_error_or_the_peer()
    {
        DisconnectVerdict verdict = Ended.Ready(TimeSpan.Zero, Ended.ByPeer(1000, "secret")) with
        {
            Error = new FormatException("secret"),
            Why = "a rule",
        };
        Assert.DoesNotContain("secret", verdict.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_status_is_that_of_the_refusal()
    {
        Assert.Equal(HttpStatusCode.Gone, Ended.Refused(410).StatusCode);
        Assert.Null(Ended.Failed().StatusCode);
        Assert.Null(Ended.Failed(HandshakeCheck.Transport).StatusCode);
    }
}
