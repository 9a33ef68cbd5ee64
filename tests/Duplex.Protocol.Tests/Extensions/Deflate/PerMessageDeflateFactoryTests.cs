namespace Duplex.Tests;

public class PerMessageDeflateFactoryTests
{
    [Fact]
    [KtorParity("extensions/WebSocketDeflateExtension-its-factory-and-key")]
    public void It_makes_the_extension_that_owns_RSV1()
    {
        using WebSocketExtension extension = new PerMessageDeflateFactory().CreateIdentified();

        Assert.IsType<PerMessageDeflate>(extension);
        Assert.Equal(("permessage-deflate", ReservedBits.Rsv1, false), (extension.Name, extension.ReservedBits, extension.MarksContinuations));
    }

    [Fact]
    public void Options_without_a_hole_are_well()
    {
        var factory = new PerMessageDeflateFactory();
        var options = new PerMessageDeflateOptions();
        factory.Validate(options);
        options.Alternatives.Add(null!);

        Assert.Throws<ArgumentException>(() => factory.Validate(options));
        Assert.Throws<ArgumentNullException>(() => factory.Validate(null!));
        Assert.Throws<ArgumentNullException>(() => factory.Create(null!));
    }
}
