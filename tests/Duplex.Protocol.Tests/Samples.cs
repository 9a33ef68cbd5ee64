using System.Globalization;
using System.Text;

namespace Duplex.Tests;

/// <summary>Messages that compress well, and some that do not.</summary>
internal static class Samples
{
    /// <summary>Text as programs send it: names over and over, numbers never the same.</summary>
    public static string Json(int size, int seed = 1)
    {
        var random = new Random(seed);
        var text = new StringBuilder("{\"type\":\"update\",\"items\":[");
        while (text.Length < size)
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{random.Next(1_000_000)},\"name\":\"alpha\",\"price\":{random.Next(5000)},\"active\":true}},");
        return text.ToString(0, size);
    }

    /// <summary>Bytes that nothing makes smaller.</summary>
    public static byte[] Noise(int size, int seed = 1)
    {
        byte[] bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
