namespace Duplex.Protocol;

/// <summary>One parameter of an extension in a <c>Sec-WebSocket-Extensions</c> header.</summary>
/// <param name="Name">The name, a token.</param>
/// <param name="Value">The value, a token without quotes, or <see langword="null"/> for a parameter that has none.</param>
public readonly record struct WebSocketExtensionParameter(string Name, string? Value = null)
{
    /// <summary>The parameter as it stands in a header: <c>name</c> or <c>name=value</c>.</summary>
    // RFC 6455 §9.1 has every value "conform to the 'token' ABNF", quoted or not, so none ever needs quotes.
    public override string ToString() => Value is null ? Name : $"{Name}={Value}";
}
