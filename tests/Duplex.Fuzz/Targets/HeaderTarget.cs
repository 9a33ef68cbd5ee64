using System.Text;
using System.Text.RegularExpressions;

namespace Duplex.Tests;

/// <summary>
/// The headers of a handshake: lists, quoted-strings, extensions, subprotocols, and all that decides over an answer and over a request. Whatever comes: the verdict of the grammar as the RFCs write it
/// down, what was read can be written and read again, and no error repeats the value.
/// </summary>
internal sealed partial class HeaderTarget : FuzzTarget
{
    private const string Key = "dGhlIHNhbXBsZSBub25jZQ==";

    public override string Name => "headers";

    public override IEnumerable<byte[]> Seeds => Lines("headers.txt").Select(Encoding.UTF8.GetBytes);

    public override byte[] Generate(Random random)
    {
        const string Common = "ab1-_,;=\"\\ \t";
        var text = new StringBuilder();
        for (int length = random.Next(40); length > 0; length--)
        {
            text.Append(random.Next(12) switch
            {
                0 => "permessage-deflate",
                1 => ((string[])["; server_no_context_takeover", "; client_no_context_takeover", "; server_max_window_bits=", "; client_max_window_bits"])[random.Next(4)],
                2 => random.Next(20).ToString(System.Globalization.CultureInfo.InvariantCulture),
                3 => "\"a\\b\"",
                4 => ((char)random.Next(0x2000)).ToString(),
                _ => Common[random.Next(Common.Length)].ToString(),
            });
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    public override int Run(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        int extensions = Extensions(text), protocols = Subprotocols(text);
        Quoted(text);
        foreach (string line in text.Split('\n', 3))
        {
            int elements = 0;
            foreach (ReadOnlySpan<char> element in HttpGrammar.List(line))
                elements += Check(!element.IsEmpty && element[0] is not (' ' or '\t') && element[^1] is not (' ' or '\t'), "An element has white space around it.");
            Check(HttpGrammar.ListContainsToken(line, "websocket") || elements >= 0, "");
        }

        int answer = JudgeAnswer(text), request = JudgeRequest(text);
        return Signature(extensions, protocols, answer, request);
    }

    private static int Extensions(string text)
    {
        bool isWell = WebSocketExtensionHeader.TryParseList(text, out IReadOnlyList<WebSocketExtensionHeader>? headers, out string? error);
        Check(isWell == Legal(text), $"Taken for {(isWell ? "legal" : "malformed")}, but the grammar disagrees.");
        Check(isWell != error is not null, "Either headers or an error.");
        if (!isWell)
            return Words(error);

        string written = WebSocketExtensionHeader.FormatList(headers!);
        Check(WebSocketExtensionHeader.FormatList(WebSocketExtensionHeader.ParseList(written)) == written, "What was read is written and read as something else.");
        int hash = headers!.Count;
        foreach (WebSocketExtensionHeader header in headers)
        {
            PerMessageDeflate deflate = new PerMessageDeflateFactory().Create(new PerMessageDeflateOptions());
            bool accepts = deflate.TryAccept(header, out string? refusal);
            Check(accepts == AnswersOffer(header), $"An answer is {(accepts ? "accepted" : $"refused ({refusal})")}, against RFC 7692 §7.1.");
            hash = Signature(hash, header.Parameters.Count, Words(refusal));
            deflate.Dispose();
        }

        return hash;
    }

    // Against the default offer, "permessage-deflate; client_max_window_bits".
    private static bool AnswersOffer(WebSocketExtensionHeader answer) =>
        answer.Parameters.Select(parameter => parameter.Name).Distinct().Count() == answer.Parameters.Count
        && answer.Parameters.All(parameter => parameter.Name switch
        {
            "server_no_context_takeover" or "client_no_context_takeover" => parameter.Value is null,
            "server_max_window_bits" or "client_max_window_bits" => parameter.Value is "8" or "9" or "10" or "11" or "12" or "13" or "14" or "15",
            _ => false,
        });

    private static bool Legal(string text)
    {
        if (!ExtensionList().IsMatch(text))
            return false;

        // RFC 6455 §9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF".
        return QuotedString().Matches(text).All(quoted => Token().IsMatch(QuotedPair().Replace(quoted.Value[1..^1], "$1")));
    }

    private static int Subprotocols(string text)
    {
        bool isWell = SubprotocolList.TryParse(text, out IReadOnlyList<string>? names, out string? error);
        string[] elements = [.. text.Split(',').Select(element => element.Trim(' ', '\t')).Where(element => element.Length > 0)];
        bool isLegal = elements.Length > 0 && elements.All(element => Token().IsMatch(element)) && elements.Distinct(StringComparer.Ordinal).Count() == elements.Length;
        Check(isWell == isLegal, $"Subprotocols were taken for {(isWell ? "legal" : "malformed")}.");
        if (!isWell)
            return Words(error);
        Check(names!.SequenceEqual(elements) && SubprotocolList.Format(names!) == string.Join(", ", elements), "Subprotocols were read as others.");
        return elements.Length;
    }

    private static void Quoted(string text)
    {
        bool reads = HttpGrammar.TryReadQuotedString(text, out int length, out string? value);
        Check(length >= 0 && length <= text.Length, "Read further than there is.");
        Match match = StartingQuotedString().Match(text);
        Check(reads == match.Success && (!reads || (length == match.Length && value == QuotedPair().Replace(match.Value[1..^1], "$1"))), "A quoted-string was read as another.");
        Check(HttpGrammar.TryUnquote(text, out _) == (reads && length == text.Length), "Reading and unquoting disagree.");
    }

    private static int JudgeAnswer(string text)
    {
        string[] lines = text.Split('\n', 5);
        var answer = new HandshakeResponseRules
        {
            StatusCode = 101,
            HttpVersion = new Version(1, 1),
            Upgrade = lines.Length > 3 ? [lines[3]] : ["websocket"],
            Connection = lines.Length > 4 ? [lines[4]] : ["Upgrade"],
            SecWebSocketAccept = lines.Length > 2 ? [lines[2]] : [HandshakeKey.ComputeAccept(Key)],
            SecWebSocketExtensions = [lines[0]],
            SecWebSocketProtocol = lines.Length > 1 ? [lines[1]] : [],
        };
        bool isOpen = answer.TryAccept(Key, ["a", "b"], ["permessage-deflate", "a"], out HandshakeAgreement? agreement, out HandshakeFailure? failure);
        Check(isOpen == agreement is not null && isOpen == failure is null, "Either an agreement or a failure.");
        Check(!isOpen || agreement!.Extensions.All(extension => extension.Name is "permessage-deflate" or "a"), "An extension that was not offered.");
        Check(!isOpen || agreement!.Subprotocol is null or "a" or "b", "A subprotocol that was not offered.");
        bool isOpenLeniently = (answer with { Strictness = HandshakeStrictness.Lenient }).TryAccept(Key, ["a", "b"], ["permessage-deflate", "a"], out HandshakeAgreement? lenient, out _);
        Check(!isOpenLeniently || isOpen == (lenient!.Leniencies == HandshakeLeniencies.None), "Something was overlooked where nothing had to be, or the other way round.");
        Check(isOpenLeniently || !isOpen, "Refused leniently, but not strictly.");
        return Words(failure?.Message);
    }

    private static int JudgeRequest(string text)
    {
        string[] lines = text.Split('\n', 5);
        var request = new UpgradeRequest
        {
            Method = "GET",
            HttpVersion = new Version(1, 1),
            Host = ["a"],
            Upgrade = [lines[0]],
            Connection = lines.Length > 1 ? [lines[1]] : ["Upgrade"],
            SecWebSocketKey = lines.Length > 2 ? [lines[2]] : [Key],
            SecWebSocketVersion = lines.Length > 3 ? [lines[3]] : ["13"],
        };
        bool isAccepted = request.TryAccept(out string? accept, out HandshakeFailure? failure);
        Check(isAccepted == accept is not null && isAccepted == failure is null, "Either an accept value or a failure.");
        return Words(failure?.Message);
    }

    private static int Check(bool holds, string finding) => holds ? 1 : throw new FindingException(finding);

    // RFC 6455 §9.1 and RFC 7230 §3.2.6 and §7, as they write it down: elements parted by commas, some of them empty, one at least not.
    private const string TokenPattern = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
    private const string QuotedPattern = "\"(?:[^\"\\\\\\x00-\\x08\\x0A-\\x1F\\x7F]|\\\\[^\\x00-\\x08\\x0A-\\x1F\\x7F])*\"";
    private const string ElementPattern = $"{TokenPattern}[ \\t]*(?:;[ \\t]*{TokenPattern}[ \\t]*(?:=[ \\t]*(?:{TokenPattern}|{QuotedPattern})[ \\t]*)?)*";

    [GeneratedRegex($"\\A[ \\t,]*{ElementPattern}(?:,[ \\t]*(?:{ElementPattern})?)*\\z")]
    private static partial Regex ExtensionList();

    [GeneratedRegex(QuotedPattern)]
    private static partial Regex QuotedString();

    [GeneratedRegex($"\\A{QuotedPattern}")]
    private static partial Regex StartingQuotedString();

    [GeneratedRegex("\\\\(.)", RegexOptions.Singleline)]
    private static partial Regex QuotedPair();

    [GeneratedRegex($"\\A{TokenPattern}\\z")]
    private static partial Regex Token();
}
