namespace Duplex.Tests;

/// <summary>RFC 7692, Compression Extensions for WebSocket, over real connections. docs/conformance.md lists the cases.</summary>
public sealed class Rfc7692NegotiationTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc7692.Book.Of("5", "7.1");

    [Theory, MemberData(nameof(Cases))]
    public Task Sections_5_and_7_1_hold(string number, WebSocketRole role, Transport transport) => Rfc7692.Book.RunAsync(number, role, transport);
}

public sealed class Rfc7692MessageTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc7692.Book.Of("6", "7.2", "10");

    [Theory, MemberData(nameof(Cases))]
    public Task Sections_6_and_7_2_hold(string number, WebSocketRole role, Transport transport) => Rfc7692.Book.RunAsync(number, role, transport);
}
