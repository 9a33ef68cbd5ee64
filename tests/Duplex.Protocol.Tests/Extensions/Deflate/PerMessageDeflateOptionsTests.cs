using System.IO.Compression;

namespace Duplex.Tests;

public class PerMessageDeflateOptionsTests
{
    private readonly PerMessageDeflateOptions _options = new();

    [Fact]
    [KtorParity("extensions/compressionLevel")]
    public void The_defaults_are_those_of_the_documentation()
    {
        Assert.Equal((CompressionLevel.Fastest, 128, 200), (_options.Level, _options.MinimumSize, _options.MaxExpansion));
        Assert.Null(_options.CompressIf);
        Assert.Equal(new PerMessageDeflateOffer(), Assert.Single(_options.Offers));
    }

    [Fact]
    public void Values_out_of_range_are_refused_where_they_are_set()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _options.Level = (CompressionLevel)9);
        Assert.Throws<ArgumentOutOfRangeException>(() => _options.MinimumSize = -1);
        Assert.Throws<ArgumentOutOfRangeException>(() => _options.MaxExpansion = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => _options.ServerMaxWindowBits = 7);
        Assert.Throws<ArgumentOutOfRangeException>(() => _options.ServerMaxWindowBits = 16);
    }

    [Fact]
    [KtorParity("test-protocol/WebSocketDeflateTest-the-hook-for-offers")]
    public void What_is_wanted_most_comes_before_the_alternatives()
    {
        _options.ServerContextTakeover = false;
        _options.ClientContextTakeover = false;
        _options.ServerMaxWindowBits = 8;
        _options.AllowsClientMaxWindowBits = false;
        var other = new PerMessageDeflateOffer { ServerMaxWindowBits = 12 };
        _options.Alternatives.Add(other);

        Assert.Equal([new PerMessageDeflateOffer { ServerContextTakeover = false, ClientContextTakeover = false, ServerMaxWindowBits = 8, AllowsClientMaxWindowBits = false }, other], _options.Offers);
    }
}
