namespace Duplex.Tests;

public sealed class CodeSetupTests
{
    [Fact]
    public void The_code_gets_the_clients_options_each_time()
    {
        var seen = new List<WebSocketsOptions>();
        var setup = new CodeSetup("feed", seen.Add);
        WebSocketsOptions[] options = [new(), new()];

        foreach (WebSocketsOptions one in options)
            setup.Configure("feed", one);

        Assert.Equal(options, seen);
    }
}
