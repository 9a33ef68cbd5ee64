namespace Duplex.Tests;

/// <summary>RFC 6455 §4: the opening handshake, a client's over HTTP by the plugin, a server's by the rules that it can judge a request with.</summary>
internal static class Handshakes
{
    private const string Proper = Answer.Proper;

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("4.1", "If any of the components are invalid, the client MUST _Fail the WebSocket Connection_ and abort these steps.",
            new Opening("an address with a fragment, which §3 forbids", "an ArgumentException, and no connection", "") { Path = "/a#fragment", Throws = typeof(ArgumentException) }),
        new("4.1", "There MUST be no more than one connection in a CONNECTING state.")
            { Elsewhere = "a rule against scripts in browsers (its own note says so); a client that loads a page's worth of feeds opens them at once, and `SocketsHttpHandler.MaxConnectionsPerServer` bounds handshakes where it is set" },
        new("4.1", "If /secure/ is true, the client MUST perform a TLS handshake over the connection [...]. Clients MUST use the Server Name Indication extension in the TLS handshake")
            { Elsewhere = "`HttpClient` does both; sessions over TLS are in Duplex.Integration.Tests" },
        new("4.1", "The method of the request MUST be GET, and the HTTP version MUST be at least 1.1.",
            new Asking("a session is opened", "`GET /case HTTP/1.1` comes first", request => Assert.StartsWith("GET /case HTTP/1.1\r\n", request, StringComparison.Ordinal)) { IsAboutUpgrade = true }),
        new("4.1", "The \"Request-URI\" part of the request MUST match the /resource name/ defined in Section 3",
            new Asking("a session is opened at an address with a query and with characters that must be escaped", "the same resource name, escaped", request => Assert.StartsWith("GET /a%20b/%C3%A9?q=%231&r HTTP/1.1\r\n", request, StringComparison.Ordinal)) { IsAboutUpgrade = true, Path = "/a b/\u00E9?q=%231&r" },
            new Asking("a session is opened at an address without a path", "the resource name /", request => Assert.StartsWith("GET / HTTP/1.1\r\n", request, StringComparison.Ordinal)) { IsAboutUpgrade = true, Path = "" }),
        new("4.1", "The request MUST contain a |Host| header field whose value contains /host/ plus optionally \":\" followed by /port/ (when not using the default port).",
            new Asking("a session is opened", "one Host header with the host and the port", request => Assert.Matches("^127[.]0[.]0[.]1:[0-9]+$", Assert.Single(Answer.Header(request, "Host"))))),
        new("4.1", "The request MUST contain an |Upgrade| header field whose value MUST include the \"websocket\" keyword.",
            new Asking("a session is opened", "one Upgrade header, websocket", request => Assert.Equal(["websocket"], Answer.Header(request, "Upgrade"))) { IsAboutUpgrade = true }),
        new("4.1", "The request MUST contain a |Connection| header field whose value MUST include the \"Upgrade\" token.",
            new Asking("a session is opened", "one Connection header, Upgrade", request => Assert.Equal(["Upgrade"], Answer.Header(request, "Connection"))) { IsAboutUpgrade = true }),
        new("4.1", "The value of this header field MUST be a nonce consisting of a randomly selected 16-byte value that has been base64-encoded [...]. The nonce MUST be selected randomly for each connection.",
            new Asking("a session is opened", "one Sec-WebSocket-Key header, base64 of 16 bytes", request => Assert.Equal(16, Convert.FromBase64String(Assert.Single(Answer.Header(request, "Sec-WebSocket-Key"))).Length)) { IsAboutUpgrade = true },
            new Asking("32 sessions are opened", "32 different keys", _ => { }) { IsAboutUpgrade = true, Times = 32, AllOf = requests => Assert.Equal(32, requests.Select(request => Answer.Header(request, "Sec-WebSocket-Key").Single()).Distinct().Count()), Chunks = [64 * 1024] }),
        new("4.1", "The request MUST include a header field with the name |Sec-WebSocket-Version|. The value of this header field MUST be 13.",
            new Asking("a session is opened", "one Sec-WebSocket-Version header, 13", request => Assert.Equal(["13"], Answer.Header(request, "Sec-WebSocket-Version")))),
        new("4.1", "The request MUST include a header field with the name |Origin| [RFC6454] if the request is coming from a browser client.") { Elsewhere = "we are none; `WebSocketRequest.Headers` takes one" },
        new("4.1", "The elements that comprise this value MUST be non-empty strings with characters in the range U+0021 to U+007E not including separator characters [...] and MUST all be unique strings.",
            new Asking("a session is opened with two subprotocols", "one Sec-WebSocket-Protocol header with both, in order", request => Assert.Equal(["b, a"], Answer.Header(request, "Sec-WebSocket-Protocol"))) { Subprotocols = ["b", "a"] },
            new Asking("a session is opened without any", "no such header", request => Assert.Empty(Answer.Header(request, "Sec-WebSocket-Protocol"))),
            new Opening("an empty subprotocol", "an ArgumentException, and no connection", "") { Subprotocols = [""], Throws = typeof(ArgumentException) },
            new Opening("a subprotocol with a comma", "an ArgumentException, and no connection", "") { Subprotocols = ["a,b"], Throws = typeof(ArgumentException) },
            new Opening("the same subprotocol twice", "an ArgumentException, and no connection", "") { Subprotocols = ["a", "a"], Throws = typeof(ArgumentException) }),
        new("4.1", "Once the client's opening handshake has been sent, the client MUST wait for a response from the server before sending any further data.",
            new Asking("a session is opened", "nothing behind the blank line until the answer has come", _ => { }) { ChecksSilence = true }),

        new("4.1", "If the status code received from the server is not 101, the client handles the response per HTTP [RFC2616] procedures.",
        [
            .. ((string[])["200 OK", "204 No Content", "301 Moved Permanently", "400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "426 Upgrade Required", "500 Internal Server Error", "503 Service Unavailable"])
                .Select(status => Fails($"the status {status}", HandshakeCheck.Status, $"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")),
            Fails("the status 101 of HTTP/1.0", HandshakeCheck.HttpVersion, Proper.Replace("HTTP/1.1", "HTTP/1.0", StringComparison.Ordinal) + "\r\n"),
            Opens("100 Continue, 103 Early Hints, then the proper answer", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + Proper + "\r\n"),
        ]),
        new("4.1", "If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value that is not an ASCII case-insensitive match for the value \"websocket\", the client MUST _Fail the WebSocket Connection_.",
            Fails("no Upgrade header", HandshakeCheck.Upgrade, Answer.Status + Answer.Connection + Answer.AcceptLine + "\r\n"),
            Fails("an empty Upgrade header", HandshakeCheck.Upgrade, Answer.Status + "Upgrade:\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n"),
            Fails("Upgrade: h2c", HandshakeCheck.Upgrade, Answer.Status + "Upgrade: h2c\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n"),
            Fails("Upgrade: websocket, h2c", HandshakeCheck.Upgrade, Answer.Status + "Upgrade: websocket, h2c\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n"),
            Fails("Upgrade: websockets", HandshakeCheck.Upgrade, Answer.Status + "Upgrade: websockets\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n"),
            Opens("upgrade: WebSocket", Answer.Status + "upgrade: WebSocket\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n")),
        new("4.1", "If the response lacks a |Connection| header field or the |Connection| header field doesn't contain a token that is an ASCII case-insensitive match for the value \"Upgrade\", the client MUST _Fail the WebSocket Connection_.",
            Fails("no Connection header", HandshakeCheck.Connection, Answer.Status + Answer.Upgrade + Answer.AcceptLine + "\r\n"),
            Fails("Connection: keep-alive", HandshakeCheck.Connection, Answer.Status + Answer.Upgrade + "Connection: keep-alive\r\n" + Answer.AcceptLine + "\r\n"),
            Fails("Connection: \"Upgrade\", in quotes", HandshakeCheck.Connection, Answer.Status + Answer.Upgrade + "Connection: \"Upgrade\"\r\n" + Answer.AcceptLine + "\r\n"),
            Opens("Connection: keep-alive, UPGRADE", Answer.Status + Answer.Upgrade + "Connection: keep-alive, UPGRADE\r\n" + Answer.AcceptLine + "\r\n"),
            Opens("two Connection headers, one of them with the token", Answer.Status + Answer.Upgrade + "Connection: keep-alive\r\n" + Answer.Connection + Answer.AcceptLine + "\r\n")),
        new("4.1", "If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the concatenation of the |Sec-WebSocket-Key| [...] with the string "
            + "\"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\" but ignoring any leading and trailing whitespace, the client MUST _Fail the WebSocket Connection_.",
            Fails("no Sec-WebSocket-Accept header", HandshakeCheck.Accept, Answer.Status + Answer.Upgrade + Answer.Connection + "\r\n"),
            Fails("an empty one", HandshakeCheck.Accept, Answer.Status + Answer.Upgrade + Answer.Connection + "Sec-WebSocket-Accept:\r\n\r\n"),
            Fails("the accept value of another key, the RFC's own", HandshakeCheck.Accept, Answer.Status + Answer.Upgrade + Answer.Connection + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
            Fails("the right one, with a letter behind it", HandshakeCheck.Accept, Answer.Status + Answer.Upgrade + Answer.Connection + $"Sec-WebSocket-Accept: {Answer.Accept}A\r\n\r\n"),
            Fails("the right one twice", HandshakeCheck.Accept, Proper + Answer.AcceptLine + "\r\n") with { IsAboutUpgrade = true },
            Opens("the right one, with white space around it", Answer.Status + Answer.Upgrade + Answer.Connection + $"Sec-WebSocket-Accept: \t {Answer.Accept} \t \r\n\r\n")),
        new("4.1", "If the response includes a |Sec-WebSocket-Extensions| header field and this header field indicates the use of an extension that was not present in the client's handshake [...], the client MUST _Fail the WebSocket Connection_.",
            Fails("an extension, where none was offered", HandshakeCheck.Extensions, Proper + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
            Fails("an empty Sec-WebSocket-Extensions header", HandshakeCheck.Extensions, Proper + "Sec-WebSocket-Extensions:\r\n\r\n"),
            Fails("a malformed one", HandshakeCheck.Extensions, Proper + "Sec-WebSocket-Extensions: a; =1\r\n\r\n"),
            Fails("an unclosed quoted-string", HandshakeCheck.Extensions, Proper + "Sec-WebSocket-Extensions: a; b=\"c\r\n\r\n")),
        new("4.1", "If the response includes a |Sec-WebSocket-Protocol| header field and this header field indicates the use of a subprotocol that was not present in the client's handshake [...], the client MUST _Fail the WebSocket Connection_.",
            Fails("a subprotocol, where none was offered", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol: a\r\n\r\n"),
            Fails("another one than was offered", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol: c\r\n\r\n", "a", "b"),
            Fails("one that was offered, in another case", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol: A\r\n\r\n", "a"),
            Fails("both that were offered, in one line", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol: a, b\r\n\r\n", "a", "b"),
            Fails("both that were offered, in two lines", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n", "a", "b"),
            Fails("two empty Sec-WebSocket-Protocol headers", HandshakeCheck.Subprotocol, Proper + "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Protocol:\r\n\r\n", "a"),
            Opens("an empty Sec-WebSocket-Protocol header, as .NET's HttpListener sends it, which indicates the use of none", Proper + "Sec-WebSocket-Protocol:\r\n\r\n", "a"),
            Opens("one of white space", Proper + "Sec-WebSocket-Protocol: \t \r\n\r\n", "a"),
            Opens("the second of two that were offered", Proper + "Sec-WebSocket-Protocol: b\r\n\r\n", "a", "b"),
            Opens("none, though two were offered", Proper + "\r\n", "a", "b")),
        new("4.1", "If the server's response does not conform to the requirements for the server's handshake as defined in this section and in Section 4.2.2, the client MUST _Fail the WebSocket Connection_.",
            Fails("something else than HTTP", HandshakeCheck.Transport, "220 mail.example ESMTP\r\n\r\n"),
            Fails("a frame instead of an answer", HandshakeCheck.Transport, "\u0081\u0001a\r\n\r\n"),
            new Opening("the end of the connection within the answer", "the handshake fails (Transport)", Answer.Status + "Upgr") { Fails = HandshakeCheck.Transport, Finishes = true },
            new Opening("the end of the connection instead of an answer", "the handshake fails (Transport)", "") { Fails = HandshakeCheck.Transport, Finishes = true },
            Opens("an answer of 65,536 bytes", Long(65_536)) with { IsAboutUpgrade = true, Chunks = [64 * 1024] },
            Fails("an answer of 65,537 bytes, where the platform takes 65,536", HandshakeCheck.Transport, Long(65_537)) with { IsAboutUpgrade = true, Chunks = [64 * 1024], Says = "exceeded the set limit of 65536 bytes. Raise the limit of the handler below (MaxResponseHeadersLength" },
            Fails("headers without end", HandshakeCheck.Transport, Long(1 << 20)[..^4]) with { IsAboutUpgrade = true, Chunks = [64 * 1024], Says = "exceeded the set limit of 65536 bytes" },
            Fails("257 extensions", HandshakeCheck.Extensions, $"{Proper}Sec-WebSocket-Extensions: {string.Join(", ", Enumerable.Repeat("a", 257))}\r\n\r\n") with { Chunks = [64 * 1024], Says = "expected at most 256 extensions and parameters" },
            Fails("256 extensions, none of which was offered", HandshakeCheck.Extensions, $"{Proper}Sec-WebSocket-Extensions: {string.Join(", ", Enumerable.Repeat("a", 256))}\r\n\r\n") with { Chunks = [64 * 1024], Says = "Extension 1 of the 256" },
            new Opening("an error page of 4,096 bytes", "the handshake fails (Status), with all of the page at hand", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4096\r\n\r\n" + new string('x', 4096)) { Fails = HandshakeCheck.Status, Preview = 4096, Chunks = [7, 64 * 1024] },
            new Opening("an error page of 4,097 bytes", "the handshake fails (Status), with the first 4,096 of them at hand", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4097\r\n\r\n" + new string('x', 4097)) { Fails = HandshakeCheck.Status, Preview = 4096, Chunks = [7, 64 * 1024] },
            new Opening("an error page without end", "the handshake fails (Status), with the first 4 KiB of the page at hand", "HTTP/1.1 503 Service Unavailable\r\n\r\n" + new string('x', 8 << 10)) { IsAboutUpgrade = true, Fails = HandshakeCheck.Status, Preview = 4096, Chunks = [7, 64 * 1024] }),
        new("4.1", "If the server's response is validated as provided for above, it is said that _The WebSocket Connection is Established_",
            Opens("the proper answer", Proper + "\r\n"),
            Opens("the proper answer, its header names in other cases and its lines in another order", "HTTP/1.1 101 Whatever\r\nSEC-WEBSOCKET-ACCEPT: {accept}\r\nX-Other: 1\r\ncOnNeCtIoN: Upgrade\r\nupgrade: websocket\r\n\r\n"),
            new Opening("the proper answer, and a message in the same breath", "the message is seen", Proper + "\r\n\u0081\u0002hi") { Sees = ["text 'hi'"] }),

        new("4.2.1", "If the server, while reading the handshake, finds that the client did not send a handshake that matches the description below [...], the server MUST stop processing the client's handshake and return an HTTP "
            + "response with an appropriate error code (such as 400 Bad Request).",
            new Accepting("a proper request", new Requested(), null),
            new Accepting("the same, in other cases, with more tokens and in another order", new Requested { Upgrade = ["h2c, WEBSOCKET"], Connection = ["keep-alive", "upgrade"] }, null),
            new Accepting("POST", new Requested { Method = "POST" }, HandshakeCheck.Method),
            new Accepting("get, in lower case", new Requested { Method = "get" }, HandshakeCheck.Method),
            new Accepting("HTTP/1.0", new Requested { Version = "1.0" }, HandshakeCheck.HttpVersion),
            new Accepting("no Host", new Requested { Host = [] }, HandshakeCheck.Host),
            new Accepting("two Hosts", new Requested { Host = ["a", "b"] }, HandshakeCheck.Host),
            new Accepting("an empty Host", new Requested { Host = [""] }, HandshakeCheck.Host),
            new Accepting("no Upgrade", new Requested { Upgrade = [] }, HandshakeCheck.Upgrade),
            new Accepting("Upgrade: h2c", new Requested { Upgrade = ["h2c"] }, HandshakeCheck.Upgrade),
            new Accepting("no Connection", new Requested { Connection = [] }, HandshakeCheck.Connection),
            new Accepting("Connection: close", new Requested { Connection = ["close"] }, HandshakeCheck.Connection),
            new Accepting("no key", new Requested { Key = [] }, HandshakeCheck.Key),
            new Accepting("two keys", new Requested { Key = ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="] }, HandshakeCheck.Key),
            new Accepting("a key of 15 bytes", new Requested { Key = [Convert.ToBase64String(new byte[15])] }, HandshakeCheck.Key),
            new Accepting("a key of 17 bytes", new Requested { Key = [Convert.ToBase64String(new byte[17])] }, HandshakeCheck.Key),
            new Accepting("a key that is no base64", new Requested { Key = ["dGhlIHNhbXBsZSBub25jZQ=!"] }, HandshakeCheck.Key),
            new Accepting("the RFC's own key that its base64 need not end so", new Requested { Key = ["AQIDBAUGBwgJCgsMDQ4PEC=="] }, null),
            new Accepting("no version", new Requested { SocketVersion = [] }, HandshakeCheck.Version)),
        new("4.2.2", "If this version does not match a version understood by the server, the server MUST abort the WebSocket handshake [...] and instead send an appropriate HTTP error code (such as 426 Upgrade Required) and a "
            + "|Sec-WebSocket-Version| header field indicating the version(s) the server is capable of understanding.",
        [
            .. ((string[])["8", "12", "14", "013", "13.0", "13, 8", ""]).Select(version => new Accepting($"version '{version}'", new Requested { SocketVersion = [version] }, HandshakeCheck.Version)),
            new Accepting("version 13 twice", new Requested { SocketVersion = ["13", "13"] }, HandshakeCheck.Version),
        ]),
        new("4.2.2", "The value of this header field is constructed by concatenating /key/ [...] with the string \"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\", taking the SHA-1 hash of this concatenated value to obtain a 20-byte value and "
            + "base64-encoding [...] this 20-byte hash.",
            new Accepting("the RFC's own key, dGhlIHNhbXBsZSBub25jZQ==", new Requested { Key = ["dGhlIHNhbXBsZSBub25jZQ=="] }, null) { Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" }),
        new("4.2.2", "The value chosen MUST be derived from the client's handshake [...]. Extensions not listed by the client MUST NOT be listed.")
            { Elsewhere = "and how the answer is sent: for HTTP servers. A session over a stream begins after the handshake" },
    ];

    private static Opening Fails(string what, HandshakeCheck check, string answer, params string[] subprotocols) =>
        new(what, $"the handshake fails ({check})", answer) { Fails = check, Subprotocols = subprotocols };

    // The accept value takes 28 characters, its place 8.
    private static string Long(int length)
    {
        const string Start = Proper + "X-Long: ";
        return $"{Start}{new string('x', length - Start.Length - (28 - Answer.Accept.Length) - 4)}\r\n\r\n";
    }

    private static Opening Opens(string what, string answer, params string[] subprotocols) => new(what, "the session is open", answer) { Subprotocols = subprotocols };
}
