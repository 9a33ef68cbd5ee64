namespace Duplex.Tests;

public class WebSocketExtensionFactoryTests
{
    [Fact]
    [KtorParity("extensions/WebSocketExtensionFactory-key-rsv1-rsv3")]
    public void What_it_makes_knows_its_name_and_bits()
    {
        using WebSocketExtension extension = new CounterFactory().CreateIdentified();
        Assert.Equal((CounterExtension.ExtensionName, ReservedBits.Rsv1, false), (extension.Name, extension.ReservedBits, extension.MarksContinuations));
    }

    [Fact]
    [KtorParity("extensions/build-instances-for-each-request")]
    public void The_same_instance_twice_and_none_are_refused()
    {
        var shared = new ToyExtension();
        var factory = new ToyFactory("a", () => shared);
        factory.CreateIdentified();
        Assert.Contains("twice", Assert.Throws<InvalidOperationException>(factory.CreateIdentified).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(new ToyFactory("a", () => null!).CreateIdentified);
    }

    [Fact]
    [KtorParity("extensions/install-config")]
    public void With_options_all_instances_share_them()
    {
        var factory = new Optional();
        var options = new Options { Size = 7 };
        WebSocketExtensionFactory configured = factory.With(options);

        Assert.Equal((factory.Name, factory.ReservedBits, factory.MarksContinuations), (configured.Name, configured.ReservedBits, configured.MarksContinuations));
        Assert.Same(options, Assert.IsType<Sized>(configured.CreateIdentified()).Options);
        Assert.Same(options, Assert.IsType<Sized>(configured.CreateIdentified()).Options);
        Assert.Equal(0, Assert.IsType<Sized>(factory.CreateIdentified()).Options.Size);
    }

    private sealed class Options
    {
        public int Size { get; set; }
    }

    private sealed class Sized(Options options) : WebSocketExtension
    {
        public Options Options => options;
    }

    private sealed class Optional : WebSocketExtensionFactory<Options, Sized>
    {
        public override string Name => "sized";

        public override ReservedBits ReservedBits => ReservedBits.Rsv2;

        public override bool MarksContinuations => true;

        public override Sized Create(Options options) => new(options);
    }
}
