namespace Duplex.Tests;

/// <summary>Bytes as they stand in a specification: <c>"81 05 48 65 6c 6c 6f"</c>.</summary>
internal static class Hex
{
    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    public static string Text(ReadOnlySpan<byte> bytes) => Convert.ToHexString(bytes);
}
