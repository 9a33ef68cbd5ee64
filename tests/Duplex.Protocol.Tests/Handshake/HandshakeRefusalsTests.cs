using System.Text;

namespace Duplex.Tests;

public class HandshakeRefusalsTests
{
    [Fact]
    public void Each_row_says_what_came_and_what_to_do_and_can_be_told_from_the_others()
    {
        Assert.All(HandshakeRefusals.All, row => Assert.True(row.Finding.EndsWith('.') || row.Finding.EndsWith('}'), row.Name));
        Assert.All(HandshakeRefusals.All, row => Assert.EndsWith(".", row.Cure, StringComparison.Ordinal));
        Assert.Equal(HandshakeRefusals.All.Count, HandshakeRefusals.All.Select(row => row.Template).Distinct().Count());
        Assert.Equal(HandshakeRefusals.All.Count, HandshakeRefusals.All.Select(row => row.Name).Distinct().Count());
    }

    [Theory]
    [InlineData(200, "OtherStatus")]
    [InlineData(204, "OtherStatus")]
    [InlineData(302, "Redirect")]
    [InlineData(400, "BadRequest")]
    [InlineData(401, "Unauthorized")]
    [InlineData(403, "Forbidden")]
    [InlineData(404, "NotFound")]
    [InlineData(405, "MethodNotAllowed")]
    [InlineData(407, "GatewayWantsCredentials")]
    [InlineData(410, "OtherStatus")]
    [InlineData(426, "UpgradeRequired")]
    [InlineData(429, "TooManyRequests")]
    [InlineData(500, "ServerFailed")]
    [InlineData(502, "Unavailable")]
    [InlineData(503, "Unavailable")]
    [InlineData(504, "Unavailable")]
    [InlineData(599, "ServerFailed")]
    public void A_servers_status_has_a_row(int status, string row) => Assert.Equal(row, HandshakeRefusals.ByStatus(status).Name);

    [Theory]
    [InlineData(407, "ProxyWantsCredentials")]
    [InlineData(403, "ProxyForbids")]
    [InlineData(502, "ProxyCannotReach")]
    [InlineData(503, "ProxyCannotReach")]
    [InlineData(504, "ProxyCannotReach")]
    [InlineData(302, "ProxyRefuses")]
    [InlineData(500, "ProxyRefuses")]
    public void A_proxys_status_has_a_row_of_the_proxys(int status, string row)
    {
        Assert.Equal(row, HandshakeRefusals.ByProxyStatus(status).Name);
        Assert.Equal((HandshakeParty.Proxy, HandshakeCheck.Proxy), (HandshakeRefusals.ByProxyStatus(status).By, HandshakeRefusals.ByProxyStatus(status).Check));
    }

    [Fact]
    public void The_page_lists_the_table_as_it_is()
    {
        string path = Path.Combine(RepositoryRoot.Path, "docs", "handshake-errors.md");
        string page = Page();
        if (Environment.GetEnvironmentVariable("DUPLEX_WRITE_PAGES") == "1")
            File.WriteAllText(path, page);

        Assert.True(File.Exists(path) && File.ReadAllText(path) == page, "docs/handshake-errors.md is not what the table says. Write it anew with DUPLEX_WRITE_PAGES=1, and look at what has changed.");
    }

    private static string Page()
    {
        var page = new StringBuilder("""
            # When a session does not open

            Every `WebSocketHandshakeException` has one of these messages. Look for yours by its words; a word in braces stands for
            what only the moment knows. `Check` is the exception's property of that name. With `Proxy` its `StatusCode` is that of
            the proxy.

            The table is the code's own (`HandshakeRefusals`). The tests write this page and fail where it differs, and try each row
            against a peer that does it.


            """);
        (HandshakeParty By, string Title)[] parties =
        [
            (HandshakeParty.Server, "The server refuses, or a gateway in front of it"),
            (HandshakeParty.Proxy, "The proxy refuses"),
            (HandshakeParty.Network, "The connection fails"),
            (HandshakeParty.HandlerBelow, "A handler below the plugin fails, or a connect function"),
            (HandshakeParty.HandlerAbove, "A handler above the plugin fails, or the client"),
            (HandshakeParty.Ourselves, "This process fails"),
        ];
        foreach ((HandshakeParty by, string title) in parties)
        {
            page.Append($"## {title}\n\n| message | what to do | `Check` |\n|---|---|---|\n");
            foreach (HandshakeRefusal row in HandshakeRefusals.All.Where(row => row.By == by))
                page.Append($"| {(row.Statuses.Length == 0 ? row.Finding : row.Finding.Replace("{status}", $"**{row.Statuses}**", StringComparison.Ordinal))} | {row.Cure} | `{row.Check}` |\n");
            page.Append('\n');
        }

        page.Append($"""
            ## What may follow a message

            | words | when |
            |---|---|
            | {HandshakeRefusals.RetryAfter} | the answer has a legal `Retry-After`, as with 429 and 503; `Headers.RetryAfter` has it, too |
            | {HandshakeRefusals.SeeBody} | the answer has a body: its first 4 KiB are in `BodyPreview`, never in the message |
            | {HandshakeRefusals.LenientAccepts} | the answer has no other fault than those that `HandshakeStrictness.Lenient` overlooks: the status 101 of HTTP/1.0; an offered extension's name in another case; a semicolon at an extension's end; an empty `Sec-WebSocket-Extensions` |

            ## What the words in braces mean

            - `{"{came}"}` and `{"{offered}"}` name subprotocols. A name that may be a credential is not shown: one of more than 32
              characters, with 16 letters and digits in a row, or with a word such as `token` in it.
            - `{"{late}"}`: the timeout fired that much late; or a work item, queued to the thread pool at that moment, had not run a
              second later.

            """);
        return page.ToString();
    }
}
