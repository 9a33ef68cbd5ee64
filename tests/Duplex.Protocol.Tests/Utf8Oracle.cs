using System.Buffers;
using System.Text;

namespace Duplex.Tests;

/// <summary>Judges UTF-8 with the framework's own decoder, one character after the other.</summary>
internal static class Utf8Oracle
{
    /// <summary>How many bytes, from the start, some valid text begins with.</summary>
    public static int Possible(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length)
        {
            switch (Rune.DecodeFromUtf8(bytes[at..], out _, out int consumed))
            {
                case OperationStatus.Done:
                    at += consumed;
                    break;
                case OperationStatus.NeedMoreData:
                    return bytes.Length;
                default:
                    // The longest start of a character among the bytes that were given up; then comes the impossible one.
                    int length = 0;
                    while (length < consumed && Rune.DecodeFromUtf8(bytes.Slice(at, length + 1), out _, out _) == OperationStatus.NeedMoreData)
                        length++;
                    return at + length;
            }
        }

        return at;
    }
}
