using System.ComponentModel;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;

namespace Duplex.Tests;

public sealed class SafeWordsTests
{
    [Fact]
    public void The_systems_words_are_shown_however_deep()
    {
        var reset = new SocketException((int)SocketError.ConnectionReset);

        Assert.Equal($"Lost: {reset.Message.TrimEnd('.')}", SafeWords.With("Lost", new IOException("secret", new IOException("secret", reset))));
        Assert.Equal("Lost: No such file", SafeWords.With("Lost", new Win32Exception(2, "No such file.")));
    }

    [Fact]
    public void Those_of_TLS_are_shown() => Assert.Equal("Tls: The certificate is invalid", SafeWords.With("Tls", new AuthenticationException("The certificate is invalid.")));

    [Fact]
    public void No_others_are_shown()
    {
        Exception[] others =
        [
            new IOException("secret"), new IOException("secret", new InvalidOperationException("secret")),
            new System.Net.WebSockets.WebSocketException(WebSocketError.Faulted, "secret"), new Own(), // both are Win32Exceptions
        ];

        Assert.All(others, other => Assert.Equal("Lost", SafeWords.With("Lost", other)));
    }

    private sealed class Own() : Win32Exception("secret");
}
