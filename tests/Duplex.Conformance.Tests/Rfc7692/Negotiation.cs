namespace Duplex.Tests;

/// <summary>RFC 7692 §5 and §7.1: what is offered, and which answers are legal.</summary>
internal static class Negotiation
{
    private const string Head = Answer.Proper;

    public static IReadOnlyList<Rule> Rules { get; } =
    [
        new("5", "A client may also offer multiple PMCE choices to the server by including multiple elements in the \"Sec-WebSocket-Extensions\" header, one for each PMCE offered. [...] The order of elements is important as it "
            + "specifies the client's preference.",
            Offers("nothing is set", "permessage-deflate; client_max_window_bits", _ => { }),
            Offers("both context takeovers are turned off", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits", deflate =>
            {
                deflate.ServerContextTakeover = false;
                deflate.ClientContextTakeover = false;
            }),
            Offers("a server's window of 10 bits is asked for, with a choice without", "permessage-deflate; server_max_window_bits=10; client_max_window_bits, permessage-deflate; client_max_window_bits", deflate =>
            {
                deflate.ServerMaxWindowBits = 10;
                deflate.Alternatives.Add(new PerMessageDeflateOffer());
            }),
            Offers("the server may not limit our window", "permessage-deflate", deflate => deflate.AllowsClientMaxWindowBits = false),
            new Asking("a raw session is not asked for, and no extension is installed", "no such header", request => Assert.Empty(Answer.Header(request, "Sec-WebSocket-Extensions")))),
        new("5", "A server MUST NOT accept a PMCE extension negotiation offer together with another extension if the PMCE will conflict with the extension on their use of the RSV1 bit. A client that received a response "
            + "accepting a PMCE extension negotiation offer together with such an extension MUST _Fail the WebSocket Connection_.",
            Fails("permessage-deflate twice", ", permessage-deflate"),
            Fails("permessage-deflate, and another extension that was not offered", ", x-webkit-deflate-frame"),
            Fails("permessage-deflate twice, in two lines", "\r\nSec-WebSocket-Extensions: permessage-deflate")),
        new("7.1", "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an extension negotiation offer for this extension with an extension negotiation response meeting any of the following conditions: "
            + "The negotiation response contains an extension parameter not defined for use in a response. [...] an extension parameter with an invalid value. [...] multiple extension parameters with the same name. [...] "
            + "The client does not support the configuration that the response represents.",
        [
            .. ((string[])["; unknown", "; server_max_window_bits=10; unknown=1", "; Server_no_context_takeover", "; mem_level=8"]).Select(answer => Fails($"an unknown parameter: '{answer}'", answer)),
            .. ((string[])["server_max_window_bits", "client_max_window_bits"]).SelectMany(name => (string[])["", "=7", "=16", "=0", "=08", "=015", "=-8", "=1e1", "=10.0", "=x", "=\"\"", "=4294967304", "=99999999999999999999"],
                (name, value) => Fails($"{name}{value}", $"; {name}{value}")),
            .. ((string[])["server_no_context_takeover", "client_no_context_takeover"]).SelectMany(name => (string[])["=1", "=true", "=\"1\""], (name, value) => Fails($"{name}{value}", $"; {name}{value}")),
            .. ((string[])["server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits=10", "client_max_window_bits=10"]).Select(parameter => Fails($"{parameter} twice", $"; {parameter}; {parameter}")),
            Fails("server_max_window_bits twice, with two values", "; server_max_window_bits=10; server_max_window_bits=11"),
            .. ((string[])[";", "; ;", "; =10", "; server_max_window_bits=", "; server_max_window_bits=\"10", "; server_max_window_bits=10 11", " server_no_context_takeover"]).Select(answer => Fails($"the malformed '{answer}'", answer)),
        ]),
        new("7.1", "(what a client must take)",
        [
            Opens("no parameter", "", true, true, 15, 15),
            Opens("server_no_context_takeover", "; server_no_context_takeover", false, true, 15, 15),
            Opens("client_no_context_takeover", "; client_no_context_takeover", true, false, 15, 15),
            .. ((int[])[8, 9, 10, 11, 12, 13, 14, 15]).Select(bits => Opens($"both windows of {bits} bits", $"; server_max_window_bits={bits}; client_max_window_bits={bits}", true, true, bits, bits)),
            Opens("all four, a value quoted, with white space", " ;client_max_window_bits = \"9\" ;\tserver_max_window_bits=12;server_no_context_takeover ; client_no_context_takeover", false, false, 12, 9),
            new Opening("nothing: the server declines", "the session is open, and nothing is compressed", Head + "\r\n") { Setup = Compression.Accepted(), Check = session => Assert.False(session.TryGetExtension<PerMessageDeflate>(out _)) },
        ]),
        new("7.1.1.1", "A server accepts an extension negotiation offer that includes the \"server_no_context_takeover\" extension parameter by including the \"server_no_context_takeover\" extension parameter in the corresponding "
            + "extension negotiation response",
            Fails("an answer without server_no_context_takeover, where it was offered", "", deflate => deflate.ServerContextTakeover = false),
            Fails("an answer with another parameter in its place", "; client_no_context_takeover", deflate => deflate.ServerContextTakeover = false)),
        new("7.1.1.2", "even if the server doesn't include the \"client_no_context_takeover\" extension parameter in the corresponding extension negotiation response to the offer, the client is not going to use context takeover",
            new Dialogue("client_no_context_takeover was offered, and not answered; we send the same text twice", "the same bytes twice", async talk =>
            {
                await talk.Session.SendAsync("Hello, Hello");
                await talk.Session.SendAsync("Hello, Hello");
                Assert.Equal((await talk.Peer.HearAsync())!.Payload, (await talk.Peer.HearAsync())!.Payload);
            }) { Roles = [WebSocketRole.Client], Setup = Compression.Accepted("", deflate => deflate.ClientContextTakeover = false) }),
        new("7.1.2.1", "A server accepts an extension negotiation offer with this parameter by including the \"server_max_window_bits\" extension parameter in the extension negotiation response to send back to the client with the "
            + "same or smaller value as the offer.",
            Fails("an answer without server_max_window_bits, where 10 was offered", "", deflate => deflate.ServerMaxWindowBits = 10),
            Fails("11, where 10 was offered", "; server_max_window_bits=11", deflate => deflate.ServerMaxWindowBits = 10),
            Opens("10, where 10 was offered", "; server_max_window_bits=10", true, true, 10, 15, deflate => deflate.ServerMaxWindowBits = 10),
            Opens("8, where 10 was offered", "; server_max_window_bits=8", true, true, 8, 15, deflate => deflate.ServerMaxWindowBits = 10)),
        new("7.1.2.2", "If a received extension negotiation offer doesn't have the \"client_max_window_bits\" extension parameter, the corresponding extension negotiation response to the offer MUST NOT include the "
            + "\"client_max_window_bits\" extension parameter.",
            Fails("client_max_window_bits, which was not offered", "; client_max_window_bits=10", deflate => deflate.AllowsClientMaxWindowBits = false),
            Fails("client_max_window_bits of 15, which was not offered", "; client_max_window_bits=15", deflate => deflate.AllowsClientMaxWindowBits = false)),
        new("7.1", "A server MUST decline an extension negotiation offer for this extension if any of the following conditions are met") { Elsewhere = "for HTTP servers: sessions over a stream negotiate nothing, and compress nothing" },
    ];

    private static Asking Offers(string what, string offer, Action<PerMessageDeflateOptions> configure) =>
        new($"a session is opened where {what}", offer, request => Assert.Equal([offer], Answer.Header(request, "Sec-WebSocket-Extensions"))) { Setup = Compression.Accepted("", configure) };

    private static Opening Fails(string what, string parameters, Action<PerMessageDeflateOptions>? configure = null) =>
        new(what, "the handshake fails (Extensions)", $"{Head}Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n") { Setup = Compression.Accepted("", configure), Fails = HandshakeCheck.Extensions };

    private static Opening Opens(string what, string parameters, bool serverTakeover, bool clientTakeover, int serverBits, int clientBits, Action<PerMessageDeflateOptions>? configure = null) =>
        new(what, "the session is open, and says what was agreed on", $"{Head}Sec-WebSocket-Extensions: permessage-deflate{parameters}\r\n\r\n")
        {
            Setup = Compression.Accepted("", configure),
            SendsPlain = true,
            Check = session =>
            {
                Assert.True(session.TryGetExtension(out PerMessageDeflate? deflate));
                Assert.Equal(
                    (serverTakeover, clientTakeover, serverBits, clientBits), (deflate.ServerContextTakeover, deflate.ClientContextTakeover, deflate.ServerMaxWindowBits, deflate.ClientMaxWindowBits));
            },
        };
}
