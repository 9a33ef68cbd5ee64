using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex.Tests;

public sealed class EnginePluginTests
{
    private readonly List<WebSocketExtensionFactory> _installed = [];

    [Fact]
    public void A_request_that_says_nothing_has_the_installed_extensions_and_a_raw_one_has_none()
    {
        _installed.AddRange([new Named("x-a"), new PerMessageDeflateFactory(), new Named("x-b")]);

        Assert.Equal(["x-a", "permessage-deflate", "x-b"], Names(new WebSocketRequest()));
        Assert.Empty(Names(new WebSocketRequest { IsRaw = true }));
    }

    [Fact]
    public void A_request_turns_compression_off_for_itself()
    {
        _installed.AddRange([new Named("x-a"), new PerMessageDeflateFactory()]);

        Assert.Equal(["x-a"], Names(new WebSocketRequest { Compression = null }));
        Assert.Equal(["x-a", "permessage-deflate"], Names(new WebSocketRequest()));
    }

    [Fact]
    public void A_request_compresses_by_options_of_its_own_in_the_place_of_those_installed()
    {
        _installed.Add(new Named("x-a"));
        Assert.Equal(["x-a", "permessage-deflate"], Names(new WebSocketRequest { Compression = new PerMessageDeflateOptions() }));

        _installed.Insert(0, new PerMessageDeflateFactory());
        var request = new WebSocketRequest { Compression = new PerMessageDeflateOptions { ServerContextTakeover = false } };

        Assert.Equal(["permessage-deflate", "x-a"], Names(request));
        Assert.Contains("server_no_context_takeover", WebSocketExtensionHeader.FormatList(Plugin().ExtensionsFor(request)[0].CreateIdentified().Offers), StringComparison.Ordinal);
    }

    [Fact]
    public void Compression_that_cannot_be_offered_is_refused()
    {
        var flawed = new PerMessageDeflateOptions();
        flawed.Alternatives.Add(null!);
        Assert.Throws<ArgumentException>(() => Names(new WebSocketRequest { Compression = flawed }));

        _installed.Add(new Named("x-a", ReservedBits.Rsv1));
        var error = Assert.Throws<ArgumentException>(() => Names(new WebSocketRequest { Compression = new PerMessageDeflateOptions() }));
        Assert.Contains("x-a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_required_subprotocol_must_be_offered_and_chosen()
    {
        var request = new WebSocketRequest { RequireSubprotocol = true };

        Assert.Throws<ArgumentException>(() => EnginePlugin.CheckOffered(request, 0));
        EnginePlugin.CheckOffered(request, 1);
        EnginePlugin.CheckOffered(new WebSocketRequest(), 0);
        Assert.Equal(HandshakeCheck.Subprotocol, EnginePlugin.CheckChosen(request, null, ["a"])!.Check);
        Assert.Null(EnginePlugin.CheckChosen(request, "a", ["a"]));
        Assert.Null(EnginePlugin.CheckChosen(new WebSocketRequest(), null, ["a"]));
    }

    private IEnumerable<string> Names(WebSocketRequest request) =>
        Plugin().ExtensionsFor(request).Select(factory => factory.Name);

    private EnginePlugin Plugin() => new(
        (_, _) => throw new NotSupportedException(), () => null, [], _installed, HandshakeStrictness.Strict, NullLogger.Instance, TimeProvider.System, CancellationToken.None);

    private sealed class Named(string name, ReservedBits bits = ReservedBits.None) : WebSocketExtensionFactory
    {
        public override string Name => name;

        public override ReservedBits ReservedBits => bits;

        public override WebSocketExtension Create() => throw new NotSupportedException();
    }
}
