namespace Duplex.Tests;

public class SourceModelTests
{
    [Fact]
    public void A_name_that_does_not_resolve_is_refused() =>
        Assert.Contains("CS0246", Assert.Throws<ArgumentException>(() => SourceModel.Of(("src/Duplex/A.cs", "class A { Missing? m; }"))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_log_message_needs_no_generated_part() => Assert.NotEmpty(SourceModel.Of((
        "src/Duplex/Diagnostics/Log.cs",
        """
        using Microsoft.Extensions.Logging;
        static partial class Log { [LoggerMessage(1, LogLevel.Debug, "Opened.")] public static partial void Opened(ILogger logger); }
        class User { void M(ILogger logger) => Log.Opened(logger); }
        """)).References);

    [Fact]
    public void Duplex_sees_the_internals_of_the_protocol() => Assert.NotEmpty(SourceModel.Of(
        ("src/Duplex/A.cs", "namespace Duplex; class A : P;"), ("src/Duplex.Protocol/P.cs", "namespace Duplex; class P;")).References);

    [Fact]
    public void A_package_sees_only_what_is_public() => Assert.Throws<ArgumentException>(() => SourceModel.Of(
        ("src/Duplex.X/A.cs", "namespace Duplex; class A : P;"), ("src/Duplex/P.cs", "namespace Duplex; class P;")));
}
