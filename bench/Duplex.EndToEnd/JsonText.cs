using System.Globalization;
using System.Text;

namespace Duplex.EndToEnd;

/// <summary>Typical JSON: repeated names, varying numbers.</summary>
internal static class JsonText
{
    public static byte[][] Messages(int size, int count)
    {
        var random = new Random(1); // the same for all clients
        return [.. Enumerable.Range(0, count).Select(_ => Message(size, random))];
    }

    private static byte[] Message(int size, Random random)
    {
        var text = new StringBuilder("{\"type\":\"update\",\"items\":[");
        while (text.Length < size)
        {
            text.Append(CultureInfo.InvariantCulture, $"{{\"id\":{random.Next(1_000_000)},\"name\":\"alpha\",")
                .Append(CultureInfo.InvariantCulture, $"\"price\":{random.Next(5000)},\"active\":true}},");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, size));
    }
}
