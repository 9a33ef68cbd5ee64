namespace Duplex.Tests;

/// <summary>Makes new inputs of old ones.</summary>
internal static class Mutator
{
    // What stands at the borders of the formats: lengths, opcodes with and without FIN and RSV1, tails, separators.
    private static readonly byte[][] Tokens =
    [
        [0x00], [0x01], [0x7D], [0x7E], [0x7F], [0x80], [0x81], [0x82], [0x88], [0x89], [0x8A], [0xC1], [0xFE], [0xFF], [0x7E, 0x00, 0x7E], [0x7E, 0xFF, 0xFF], [0x7F, 0, 0, 0, 0, 0, 1, 0, 0],
        [0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], [0x00, 0x00, 0xFF, 0xFF], [0xC3, 0xA9], [0xF0, 0x9F, 0x8C, 0x8D], [0xED, 0xA0, 0x80], [0x03, 0xE8], [0x03, 0xED], (byte[])[.. ", "u8], (byte[])[.. "; "u8], (byte[])[.. "=\""u8],
        (byte[])[.. "\\\""u8], (byte[])[.. "permessage-deflate"u8], (byte[])[.. "server_max_window_bits=15"u8],
    ];

    /// <summary>One to four blows.</summary>
    public static byte[] Mutate(byte[] input, byte[] other, Random random)
    {
        byte[] mutated = input;
        for (int blows = 1 + random.Next(4); blows > 0; blows--)
            mutated = Blow(mutated, other, random);
        return mutated.Length <= FuzzTarget.MaxInput ? mutated : mutated[..FuzzTarget.MaxInput];
    }

    private static byte[] Blow(byte[] input, byte[] other, Random random)
    {
        if (input.Length == 0)
            return [(byte)random.Next(256)];
        int at = random.Next(input.Length), until = Math.Min(input.Length, at + 1 + random.Next(8));
        switch (random.Next(10))
        {
            case 0:
                return With(input, at, (byte)(input[at] ^ (1 << random.Next(8))));
            case 1:
                return With(input, at, (byte)random.Next(256));
            case 2:
                return With(input, at, (byte)(input[at] + random.Next(-3, 4)));
            case 3:
                return [.. input[..at], .. input[until..]];
            case 4:
                return [.. input[..until], .. input[at..]];
            case 5:
                return [.. input[..at], .. Tokens[random.Next(Tokens.Length)], .. input[at..]];
            case 6:
                byte[] token = Tokens[random.Next(Tokens.Length)];
                return [.. input[..at], .. token, .. input[Math.Min(input.Length, at + token.Length)..]];
            case 7:
                return [.. input[..at], .. other[random.Next(other.Length + 1)..]];
            case 8:
                int before = random.Next(input.Length + 1);
                return [.. input[..before], (byte)random.Next(256), .. input[before..]];
            default:
                return input[..at];
        }
    }

    private static byte[] With(byte[] input, int at, byte value)
    {
        byte[] changed = [.. input];
        changed[at] = value;
        return changed;
    }
}
