using System.Reflection;
using System.Runtime.CompilerServices;

namespace Duplex.Tests;

/// <summary>The public surface, as built: what is in which namespace, and how much of it there is.</summary>
public sealed class SurfaceTests
{
    // Three families (WebSocket, WebSocketRaw, Wss), each with a block, with a block that returns a value, and without,
    // by string, Uri or request: 27. Six more for each family with the token in place of the configuration: 18.
    private const int MostExtensionMethods = 45;

    private static readonly Assembly Core = typeof(WebSocketsHandler).Assembly;
    private static readonly Assembly Wire = typeof(Frame).Assembly;

    // Types of the packages.
    private static readonly Assembly[] Packages =
    [
        typeof(CborContentConverter).Assembly, typeof(MessagePackContentConverter).Assembly, typeof(NewtonsoftJsonContentConverter).Assembly,
        typeof(ProtobufContentConverter).Assembly, typeof(Testing.WebSocketTestServer).Assembly,
        typeof(SendRateLimitException).Assembly,
    ];

    // What an application sees of the protocol's assembly, and what implementers see. A new name is added here on purpose.
    private static readonly string[] WireTypes =
    [
        "Duplex.ChannelOverflowException", "Duplex.CloseCode", "Duplex.CloseInitiator", "Duplex.CloseReason", "Duplex.CloseResult",
        "Duplex.Frame", "Duplex.FrameTooBigException", "Duplex.FrameType", "Duplex.HandshakeCheck", "Duplex.HandshakeStrictness",
        "Duplex.MessageView", "Duplex.PerMessageDeflate", "Duplex.PerMessageDeflateOffer", "Duplex.PerMessageDeflateOptions", "Duplex.SendTransform",
        "Duplex.WebSocketClosedException", "Duplex.WebSocketException", "Duplex.WebSocketProtocolException", "Duplex.WebSocketRole",
        "Duplex.WebSocketSessionState",
        "Duplex.Protocol.ExtensionResult", "Duplex.Protocol.FrameExtension", "Duplex.Protocol.FrameHeader",
        "Duplex.Protocol.FramePiece", "Duplex.Protocol.FrameReader", "Duplex.Protocol.FrameWriter", "Duplex.Protocol.MessagePart",
        "Duplex.Protocol.Opcode", "Duplex.Protocol.ProtocolViolation", "Duplex.Protocol.ReservedBits",
        "Duplex.Protocol.WebSocketExtension", "Duplex.Protocol.WebSocketExtensionFactory",
        "Duplex.Protocol.WebSocketExtensionFactory`2", "Duplex.Protocol.WebSocketExtensionHeader",
        "Duplex.Protocol.WebSocketExtensionParameter",
    ];

    // Classes that users derive from.
    private static readonly string[] Bases =
        ["FrameExtension", "WebSocketContentConverter", "WebSocketException", "WebSocketExtension", "WebSocketExtensionFactory", "WebSocketExtensionFactory`2"];

    [Fact]
    public void The_namespace_of_applications_has_few_extension_methods_on_the_client()
    {
        string[] names = [.. ExtensionsOfTheClient().Where(method => method.DeclaringType!.Namespace == "Duplex").Select(method => method.Name)];

        Assert.InRange(names.Length, 1, MostExtensionMethods);
        Assert.DoesNotContain(names, name => name.StartsWith("Ws", StringComparison.Ordinal) && !name.StartsWith("Wss", StringComparison.Ordinal));
        Assert.Contains(ExtensionsOfTheClient(), method => method.DeclaringType!.Namespace == "Duplex.Ktor");
    }

    [Fact]
    public void The_protocol_shows_what_the_list_says_and_nothing_else() =>
        Assert.Equal(
            WireTypes.Order(StringComparer.Ordinal),
            Wire.GetExportedTypes().Where(type => !type.IsNested).Select(type => type.FullName!).Order(StringComparer.Ordinal));

    [Fact]
    public void The_other_assembly_has_two_namespaces() =>
        Assert.Equal(["Duplex", "Duplex.Ktor"], Core.GetExportedTypes().Select(type => type.Namespace!).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void A_public_class_is_sealed_or_closed_or_meant_to_be_derived_from()
    {
        Type[] open = [.. Core.GetExportedTypes().Concat(Wire.GetExportedTypes()).Where(type => type is { IsClass: true, IsSealed: false })];

        Assert.Equal(Bases, open.Where(CanBeDerivedFrom).Select(type => type.Name).Order(StringComparer.Ordinal));
        foreach (Type closed in open.Where(type => !CanBeDerivedFrom(type)))
            Assert.Contains(closed.Assembly.GetTypes(), type => type.BaseType == closed);
    }

    [Fact]
    public void The_packages_have_no_class_to_derive_from_and_no_namespace_by_accident()
    {
        Type[] types = [.. Packages.SelectMany(package => package.GetExportedTypes())];

        Assert.Equal([], types.Where(type => type is { IsClass: true, IsSealed: false } && CanBeDerivedFrom(type)).Select(type => type.FullName));
        Assert.Equal(
            ["Duplex", "Duplex.Testing", "Microsoft.Extensions.DependencyInjection"],
            types.Select(type => type.Namespace!).Distinct().Order(StringComparer.Ordinal));
    }

    private static bool CanBeDerivedFrom(Type type) =>
        type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Any(constructor => constructor.IsPublic || constructor.IsFamily || constructor.IsFamilyOrAssembly);

    private static IEnumerable<MethodInfo> ExtensionsOfTheClient() => Core.GetExportedTypes()
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.DeclaredOnly))
        .Where(method => method.IsDefined(typeof(ExtensionAttribute)) && method.GetParameters()[0].ParameterType == typeof(HttpClient));
}
