using System.Text;

namespace Duplex.Tests;

/// <summary>docs/conformance.md, as the cases have it.</summary>
internal static class ConformancePage
{
    private const string Head = """
        # Conformance

        This page lists every MUST and MUST NOT of RFC 6455 §4 to §8 and of RFC 7692, and the limits of RFC 6455 §10.4.
        For each it names the cases in `tests/Duplex.Conformance.Tests` that show that Duplex complies. The tests
        generate this page and fail if it is out of date.

        - Every case runs over a real connection, in each role that it names. The peer's bytes are written 1, 2, 7 and
          65,536 at a time; large ones 65,536 at a time. Chunking is irrelevant where only Duplex sends.
        - As a client, Duplex is a session of the plugin, opened over HTTP; as a server, a session over a stream.
        - The column HTTP names the versions that a client's case runs over. "1.1" is an upgraded connection, without TLS.
          "2" is an extended CONNECT (RFC 8441), which Kestrel accepts and hands to the peer: once without TLS, with prior
          knowledge, and once over TLS. "1.1" alone: the case is about what only HTTP/1.1 has, such as `Upgrade` and
          `Sec-WebSocket-Accept`, about what Kestrel cannot send, such as an empty header, or about a mistake that is
          found before anything is sent. "-": the case is about a server, which needs no HTTP.
        - The peer is a script that knows no rules. Its own code cuts what it receives into frames, and judges each
          frame: mask, reserved bits, opcode, the coding of its length, the size of control frames.
        - "fails with 1002, at byte 2 of 7": the peer sends two bytes and waits. Our Close must come without the other
          five; the same bytes without the last one must not be refused. Raw sessions, and sessions that receive
          streams, must end alike.
        - If the case is valid, the peer then sends a Close, and the session must answer it.

        Run the cases of RFC 6455 §5.1 to §5.4 alone, in seconds:
        `dotnet run --project tests/Duplex.Conformance.Tests -- -class Duplex.Tests.Rfc6455FramingTests`.
        A failure names its case, role and chunking. Write this page anew:
        `DUPLEX_WRITE_PAGES=1 dotnet run --project tests/Duplex.Conformance.Tests -- -class Duplex.Tests.ConformancePageTests`.
        """;

    public static string Write(params IReadOnlyList<RuleBook> books)
    {
        var page = new StringBuilder(Head).Append('\n');
        foreach (RuleBook book in books)
        {
            page.Append($"\n## RFC {book.Number}: {book.Title}\n\n{book.Rules.Count} rules, {book.Rules.Sum(rule => rule.Cases.Count)} cases.\n");
            ILookup<Rule, (string Number, ConformanceCase Case)> cases = book.Numbered().ToLookup(numbered => numbered.Rule, numbered => (numbered.Number, numbered.Case));
            string paragraph = "";
            foreach (Rule rule in book.Rules)
            {
                if (rule.Paragraph != paragraph)
                    page.Append($"\n### §{rule.Paragraph}\n");
                paragraph = rule.Paragraph;
                page.Append($"\n> {rule.Quote.Replace("_", "\\_", StringComparison.Ordinal)}\n\n");
                if (rule.Elsewhere is { } elsewhere)
                    page.Append($"No case: {elsewhere}.\n");
                if (rule.Cases.Count == 0)
                    continue;
                page.Append("| # | as | HTTP | case | expected result |\n|---|---|---|---|---|\n");
                foreach ((string number, ConformanceCase one) in cases[rule])
                    page.Append($"| {number} | {(one.Roles.Count == 2 ? "both" : one.Roles[0] == WebSocketRole.Client ? "client" : "server")} | {(one.IsOverHttp2 ? "1.1, 2" : one.Roles.Contains(WebSocketRole.Client) ? "1.1" : "-")} | {Cell(one.What)} | {Cell(one.Outcome)} |\n");
            }
        }

        return page.ToString();
    }

    // What a table shows of a line that may be as long as a message.
    private static string Cell(string text)
    {
        const int Longest = 160;
        string plain = string.Concat(text.Select(c => char.IsControl(c) || c == '|' ? '\u00B7' : c));
        return plain.Length <= Longest ? plain : plain[..(Longest - 4)] + " ...";
    }
}
