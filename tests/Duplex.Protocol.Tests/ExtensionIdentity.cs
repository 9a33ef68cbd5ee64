namespace Duplex.Tests;

internal static class ExtensionIdentity
{
    /// <summary>Says who an extension is, as its factory would.</summary>
    public static T Identified<T>(this T extension, string name = CounterExtension.ExtensionName, ReservedBits bits = ReservedBits.Rsv1, bool marksContinuations = false)
        where T : WebSocketExtension
    {
        Assert.True(extension.TryIdentify(name, bits, marksContinuations));
        return extension;
    }
}
