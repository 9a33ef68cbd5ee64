namespace Duplex.Tests;

/// <summary>Every MUST and MUST NOT of RFC 6455 §4 to §8, and the limits of §10.4, over real connections. docs/conformance.md lists the cases.</summary>
public sealed class Rfc6455HandshakeTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc6455.Book.Of("4");

    [Theory, MemberData(nameof(Cases))]
    public Task Section_4_holds(string number, WebSocketRole role, Transport transport) => Rfc6455.Book.RunAsync(number, role, transport);
}

public sealed class Rfc6455FramingTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc6455.Book.Of("5.1", "5.2", "5.3", "5.4");

    [Theory, MemberData(nameof(Cases))]
    public Task Sections_5_1_to_5_4_hold(string number, WebSocketRole role, Transport transport) => Rfc6455.Book.RunAsync(number, role, transport);
}

public sealed class Rfc6455ControlFrameTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc6455.Book.Of("5.5", "6", "7");

    [Theory, MemberData(nameof(Cases))]
    public Task Sections_5_5_and_6_and_7_hold(string number, WebSocketRole role, Transport transport) => Rfc6455.Book.RunAsync(number, role, transport);
}

public sealed class Rfc6455TextTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc6455.Book.Of("5.6", "8");

    [Theory, MemberData(nameof(Cases))]
    public Task Sections_5_6_and_8_hold(string number, WebSocketRole role, Transport transport) => Rfc6455.Book.RunAsync(number, role, transport);
}

public sealed class Rfc6455LimitTests
{
    public static TheoryData<string, WebSocketRole, Transport> Cases => Rfc6455.Book.Of("10");

    [Theory, MemberData(nameof(Cases))]
    public Task Section_10_4_holds(string number, WebSocketRole role, Transport transport) => Rfc6455.Book.RunAsync(number, role, transport);
}
