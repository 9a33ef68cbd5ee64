namespace Duplex.Protocol;

/// <summary>One parameter of an extension in a <c>Sec-WebSocket-Extensions</c> header.</summary>
/// <param name="Name">The name, a token.</param>
/// <param name="Value">The value, a token without quotes; <see langword="null"/> for none.</param>
public readonly record struct WebSocketExtensionParameter(string Name, string? Value = null)
{
    /// <summary>Returns the parameter in header form: <c>name</c> or <c>name=value</c>.</summary>
    // RFC 6455 §9.1: every value must "conform to the 'token' ABNF", so none needs quotes.
    public override string ToString() => Value is null ? Name : $"{Name}={Value}";
}
