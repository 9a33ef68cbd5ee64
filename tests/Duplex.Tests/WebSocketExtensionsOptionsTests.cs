namespace Duplex.Tests;

public sealed class WebSocketExtensionsOptionsTests
{
    private readonly WebSocketExtensionsOptions _extensions = new WebSocketsOptions().Extensions;

    [Fact]
    [KtorParity("options/extensions")]
    public void What_is_installed_keeps_its_order()
    {
        var counter = new CounterFactory();
        _extensions.Install(Toy("b"));
        _extensions.Install(counter);
        _extensions.Install(Toy("a", ReservedBits.Rsv2 | ReservedBits.Rsv3));

        Assert.Equal(["b", counter.Name, "a"], _extensions.Factories.Select(factory => factory.Name));
        Assert.Empty(counter.Made);
    }

    [Fact]
    [KtorParity("extensions/conflicts-of-reserved-bits-are-never-found")]
    public void Two_that_own_the_same_bit_are_found_and_both_named()
    {
        _extensions.Install(Toy("first", ReservedBits.Rsv1 | ReservedBits.Rsv3));

        ArgumentException error = Assert.Throws<ArgumentException>(() => _extensions.Install(Toy("second", ReservedBits.Rsv2 | ReservedBits.Rsv3)));

        Assert.Contains("first", error.Message, StringComparison.Ordinal);
        Assert.Contains("second", error.Message, StringComparison.Ordinal);
        Assert.Contains("RSV3", error.Message, StringComparison.Ordinal);
        Assert.Single(_extensions.Factories);
    }

    [Fact]
    public void What_is_removed_can_be_installed_again()
    {
        _extensions.Install(Toy("a"));
        _extensions.InstallPerMessageDeflate();
        WebSocketExtensionsOptions copy = _extensions.Copy();

        Assert.False(_extensions.Remove("b"));
        Assert.True(_extensions.Remove("permessage-deflate"));

        Assert.Equal(["a"], _extensions.Factories.Select(factory => factory.Name));
        Assert.Equal(2, copy.Factories.Count);
        _extensions.InstallPerMessageDeflate();
        Assert.Throws<ArgumentNullException>("name", () => _extensions.Remove(null!));
    }

    [Fact]
    [KtorParity("extensions/WebSocketDeflateExtension-its-factory-and-key")]
    public void Compression_has_a_name_of_its_own_and_is_installed_once()
    {
        _extensions.InstallPerMessageDeflate(deflate => deflate.ServerMaxWindowBits = 10);

        using WebSocketExtension extension = Assert.Single(_extensions.Factories).Create();
        Assert.Equal("permessage-deflate; server_max_window_bits=10; client_max_window_bits", Assert.Single(extension.Offers).ToString());
        Assert.Throws<ArgumentException>(() => _extensions.InstallPerMessageDeflate());
        Assert.Throws<ArgumentException>(() => new WebSocketsOptions().Extensions.InstallPerMessageDeflate(deflate => deflate.Alternatives.Add(null!)));
    }

    [Theory]
    [InlineData("first", ReservedBits.None)]
    [InlineData("no token", ReservedBits.None)]
    [InlineData("", ReservedBits.None)]
    [InlineData("second", (ReservedBits)0x80)]
    public void A_name_twice_or_that_is_no_token_and_bits_that_are_none_are_refused(string name, ReservedBits bits)
    {
        _extensions.Install(Toy("first"));

        Assert.Throws<ArgumentException>(() => _extensions.Install(Toy(name, bits)));

        Assert.Single(_extensions.Factories);
    }

    [Fact]
    [KtorParity("extensions/WebSocketExtensionsConfig.install-factory-config")]
    public void Options_are_set_once_and_judged_when_they_are_installed()
    {
        int configured = 0;
        _extensions.Install(new SizedFactory(), options =>
        {
            configured++;
            options.Size = 5;
        });

        Assert.Equal(1, configured);
        WebSocketExtensionFactory factory = Assert.Single(_extensions.Factories);
        Assert.Equal(5, Assert.IsType<Sized>(factory.Create()).Options.Size);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketsOptions().Extensions.Install(new SizedFactory(), options => options.Size = -1));
        Assert.Throws<ArgumentException>(() => _extensions.Install(new SizedFactory()));
    }

    [Fact]
    [KtorParity("options/extensions")]
    public void A_copy_is_independent()
    {
        _extensions.Install(Toy("a"));

        WebSocketExtensionsOptions copy = _extensions.Copy();
        _extensions.Install(Toy("b"));
        copy.Install(Toy("c"));

        Assert.Equal(["a", "c"], copy.Factories.Select(factory => factory.Name));
        Assert.Equal(["a", "b"], _extensions.Factories.Select(factory => factory.Name));
    }

    [Fact]
    public void Null_is_refused() => Assert.Throws<ArgumentNullException>(() => _extensions.Install(null!));

    [Fact]
    public void Kept_options_of_compression_have_no_effect_later()
    {
        PerMessageDeflateOptions? kept = null;
        _extensions.InstallPerMessageDeflate(options => kept = options);

        kept!.ServerMaxWindowBits = 9;
        kept.Alternatives.Add(new PerMessageDeflateOffer());

        using WebSocketExtension extension = Assert.Single(_extensions.Factories).Create();
        Assert.DoesNotContain("server_max_window_bits", Assert.Single(extension.Offers).ToString(), StringComparison.Ordinal);
    }

    private static ToyFactory Toy(string name, ReservedBits bits = ReservedBits.None) => new(name, () => new ToyExtension(), bits);

    private sealed class Sizes
    {
        public int Size { get; set; }
    }

    private sealed class Sized(Sizes options) : WebSocketExtension
    {
        public Sizes Options => options;
    }

    private sealed class SizedFactory : WebSocketExtensionFactory<Sizes, Sized>
    {
        public override string Name => "sized";

        public override Sized Create(Sizes options) => new(options);

        public override void Validate(Sizes options) => ArgumentOutOfRangeException.ThrowIfNegative(options.Size);
    }
}
