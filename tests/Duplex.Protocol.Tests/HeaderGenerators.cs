using CsCheck;

namespace Duplex.Tests;

/// <summary>Random parts of headers, for the properties of every parser.</summary>
internal static class HeaderGenerators
{
    public const string TokenChars = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static readonly Gen<string> Token = Gen.String[Gen.Char[TokenChars], 1, 12];

    /// <summary>Text in which every separator of the grammar is common, so that it comes deep into the parsers.</summary>
    public static readonly Gen<string> HeaderLike = Gen.String[Gen.Char["ab1,;=\"\\ \t\r\n\0\x7F\u00E9\u212A"], 0, 40];

    /// <summary>Text of any characters at all.</summary>
    public static readonly Gen<string> AnyText = Gen.OneOf(HeaderLike, Gen.String[0, 200]);

    public static readonly Gen<WebSocketExtensionParameter> Parameter =
        Gen.Select(Token, Gen.Bool, Token, (name, hasValue, value) => new WebSocketExtensionParameter(name, hasValue ? value : null));

    public static readonly Gen<WebSocketExtensionHeader> Extension =
        Gen.Select(Token, Parameter.Array[0, 6], (name, parameters) => new WebSocketExtensionHeader(name, parameters));
}
