using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Duplex.Protocol;

/// <summary>
/// <c>Sec-WebSocket-Key</c>, and the <c>Sec-WebSocket-Accept</c> that answers it (RFC 6455 §4). Thread-safe.
/// </summary>
internal static class HandshakeKey
{
    // RFC 6455 §4.1: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded".
    private const int NonceBytes = 16;

    // Base64: 4 characters for each started group of 3 bytes.
    private const int KeyChars = 24;

    // The 20 bytes of a SHA-1 hash in base64.
    private const int AcceptChars = 28;

    // RFC 6455 §1.3: "unlikely to be used by network endpoints that do not understand the WebSocket Protocol".
    private static ReadOnlySpan<byte> Guid => "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"u8;

    public static string Generate()
    {
        // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        return Generate(nonce);
    }

    /// <summary>For tests.</summary>
    public static string Generate(ReadOnlySpan<byte> nonce)
    {
        if (nonce.Length != NonceBytes)
        {
            throw new ArgumentException(
                $"A handshake nonce is {NonceBytes} bytes long; got {nonce.Length}.", nameof(nonce));
        }

        return Convert.ToBase64String(nonce);
    }

    public static bool IsValid([NotNullWhen(true)] string? key)
    {
        // The length is checked, too: .NET's base64 decoder skips white space. Base64.IsValid would reject unused bits
        // that are set in the last character, as in the RFC's own example, "AQIDBAUGBwgJCgsMDQ4PEC==".
        Span<byte> nonce = stackalloc byte[KeyChars / 4 * 3];
        return key is { Length: KeyChars }
            && Convert.TryFromBase64Chars(key, nonce, out int bytes)
            && bytes == NonceBytes;
    }

    public static string ComputeAccept(string key)
    {
        Span<char> accept = stackalloc char[AcceptChars];
        WriteAccept(key, accept);
        return new string(accept);
    }

    /// <summary>Ordinal: base64 is case-sensitive.</summary>
    public static bool IsAcceptFor(string key, ReadOnlySpan<char> accept)
    {
        Span<char> expected = stackalloc char[AcceptChars];
        WriteAccept(key, expected);
        return accept.SequenceEqual(expected);
    }

    private static void WriteAccept(string key, Span<char> accept)
    {
        if (!IsValid(key))
        {
            throw new ArgumentException(
                "A Sec-WebSocket-Key is base64 of exactly 16 bytes; the given value is not. Make one with Generate().",
                nameof(key));
        }

        // RFC 6455 §4.2.2: "concatenating [...] /key/ [...] with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
        // taking the SHA-1 hash of this concatenated value to obtain a 20-byte value and base64-encoding".
        Span<byte> input = stackalloc byte[KeyChars + Guid.Length];
        Encoding.ASCII.GetBytes(key, input);
        Guid.CopyTo(input[KeyChars..]);

        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
#pragma warning disable CA5350 // RFC 6455 §10.8: the handshake "doesn't depend on any security properties of SHA-1".
        SHA1.HashData(input, hash);
#pragma warning restore CA5350
        Convert.TryToBase64Chars(hash, accept, out _);
    }
}
