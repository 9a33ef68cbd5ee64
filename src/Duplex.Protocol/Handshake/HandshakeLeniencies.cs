namespace Duplex.Protocol;

/// <summary>The faults of one response that <see cref="HandshakeStrictness.Lenient"/> accepted.</summary>
[Flags]
internal enum HandshakeLeniencies
{
    None = 0,

    Http10 = 1,

    ExtensionNameCase = 2,

    TrailingSemicolon = 4,

    EmptyExtensions = 8,
}
