using System.Text;
using System.Text.Unicode;
using CsCheck;

namespace Duplex.Tests;

public class Utf8ValidatorTests
{
    private static readonly string[] Characters = ["a", "é", "€", "🌍", "\0", "\uFFFF", "\U0010FFFF"];

    // Every class of sequence that no UTF-8 has, and how many of its bytes could still begin a valid one.
    public static TheoryData<string, int> Invalid => new()
    {
        // Lone continuation bytes.
        { "80", 0 },
        { "BF", 0 },
        { "C3A9 80", 2 },
        { "E282AC 80", 3 },
        { "F09F9880 80", 4 },

        // Overlong forms.
        { "C0 80", 0 },
        { "C1 BF", 0 },
        { "E0 80 80", 1 },
        { "E0 9F BF", 1 },
        { "F0 80 80 80", 1 },
        { "F0 8F BF BF", 1 },

        // Surrogates.
        { "ED A0 80", 1 },
        { "ED AD BF", 1 },
        { "ED B0 80", 1 },
        { "ED BF BF", 1 },

        // Above U+10FFFF, and bytes that never occur.
        { "F4 90 80 80", 1 },
        { "F5 80 80 80", 0 },
        { "F8 88 80 80 80", 0 },
        { "FC 84 80 80 80 80", 0 },
        { "FE", 0 },
        { "FF", 0 },

        // Characters cut off by the next.
        { "C3 61", 1 },
        { "C3 C3", 1 },
        { "E2 61", 1 },
        { "E2 82 61", 2 },
        { "E2 82 E2", 2 },
        { "F0 61", 1 },
        { "F0 9F 61", 2 },
        { "F0 9F 98 61", 3 },
        { "F0 9F 98 F0", 3 },
        { "C2 C0", 1 },
        { "DF 7F", 1 },
        { "F4 8F BF C0", 3 },
    };

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_sequence_fails_at_its_first_impossible_byte(string hex, int possible)
    {
        // Behind nothing, and behind enough text for the vectorized check.
        foreach (string before in (string[])["", "a", "é", "€", "🌍", new string('x', 100), string.Concat(Enumerable.Repeat("ä€🌍", 30))])
        {
            byte[] bytes = [.. Encoding.UTF8.GetBytes(before), .. Hex.Bytes(hex)];
            int first = Encoding.UTF8.GetByteCount(before) + possible;

            Assert.True(new Utf8Validator().Append(bytes.AsSpan(0, first)));
            Assert.False(new Utf8Validator().Append(bytes.AsSpan(0, first + 1)));
            Assert.False(new Utf8Validator().Append(bytes));

            var byBytes = new Utf8Validator();
            for (int i = 0; i < first; i++)
                Assert.True(byBytes.Append([bytes[i]]));
            Assert.False(byBytes.Append([bytes[first]]));
        }
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void An_invalid_sequence_split_anywhere_fails_in_the_part_with_its_first_impossible_byte(string hex, int possible)
    {
        byte[] bytes = [.. "text "u8, .. Hex.Bytes(hex), .. " more text that is long enough to be checked at once"u8];
        int first = 5 + possible;
        for (int split = 0; split <= bytes.Length; split++)
        {
            var validator = new Utf8Validator();
            bool head = validator.Append(bytes.AsSpan(0, split));

            Assert.Equal(split <= first, head);
            if (head)
                Assert.False(validator.Append(bytes.AsSpan(split)));
        }
    }

    [Theory]
    [InlineData("C3")]
    [InlineData("E2")]
    [InlineData("E2 82")]
    [InlineData("F0")]
    [InlineData("F0 9F")]
    [InlineData("F0 9F 98")]
    [InlineData("F4 8F BF")]
    [InlineData("ED 9F")]
    public void A_truncated_character_is_possible_but_not_complete(string hex)
    {
        foreach (string before in (string[])["", "é", new string('x', 100)])
        {
            var validator = new Utf8Validator();

            Assert.True(validator.Append([.. Encoding.UTF8.GetBytes(before), .. Hex.Bytes(hex)]));

            Assert.False(validator.IsComplete);
        }
    }

    [Theory]
    [InlineData("00")]
    [InlineData("7F")]
    [InlineData("C2 80")]
    [InlineData("DF BF")]
    [InlineData("E0 A0 80")]
    [InlineData("ED 9F BF")]
    [InlineData("EE 80 80")]
    [InlineData("EF BF BF")]
    [InlineData("F0 90 80 80")]
    [InlineData("F3 BF BF BF")]
    [InlineData("F4 8F BF BF")]
    [InlineData("EF BB BF")]
    public void The_first_and_last_character_of_each_length_is_valid_however_split(string hex)
    {
        byte[] bytes = Hex.Bytes(hex);
        for (int split = 0; split <= bytes.Length; split++)
        {
            var validator = new Utf8Validator();
            Assert.True(validator.Append(bytes.AsSpan(0, split)));
            Assert.Equal(split == 0 || split == bytes.Length, validator.IsComplete);
            Assert.True(validator.Append(bytes.AsSpan(split)));
            Assert.True(validator.IsComplete);
        }
    }

    [Fact]
    public void Valid_text_of_every_length_split_at_each_byte_is_valid_and_complete_only_between_characters()
    {
        string text = string.Concat(Enumerable.Repeat("aé€🌍z", 6));
        byte[] all = Encoding.UTF8.GetBytes(text);
        for (int length = 0; length <= all.Length; length++)
        {
            bool isComplete = Utf8.IsValid(all.AsSpan(0, length));
            for (int split = 0; split <= length; split++)
            {
                var validator = new Utf8Validator();
                Assert.True(validator.Append(all.AsSpan(0, split)));
                Assert.True(validator.Append(all.AsSpan(split, length - split)));
                Assert.Equal(isComplete, validator.IsComplete);
            }
        }
    }

    [Fact]
    public void All_of_Unicode_is_valid_byte_by_byte()
    {
        var validator = new Utf8Validator();
        Span<byte> bytes = stackalloc byte[4];
        for (int code = 0; code <= 0x10FFFF; code++)
        {
            if (!Rune.TryCreate(code, out Rune rune))
                continue;
            int length = rune.EncodeToUtf8(bytes);
            for (int i = 0; i < length; i++)
            {
                if (!validator.Append(bytes.Slice(i, 1)))
                    Assert.Fail($"U+{code:X} failed at byte {i}.");
            }

            if (!validator.IsComplete)
                Assert.Fail($"U+{code:X} is not complete.");
        }
    }

    [Fact]
    public void Every_two_and_three_byte_sequence_fails_where_the_frameworks_decoder_says()
    {
        // All 2-byte heads against all thirds of a kind: the table of RFC 3629 §4 has its edges here.
        byte[] thirds = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF];
        byte[] bytes = new byte[3];
        for (int head = 0; head <= 0xFFFF; head++)
        {
            (bytes[0], bytes[1]) = ((byte)(head >> 8), (byte)head);
            foreach (byte third in thirds)
            {
                bytes[2] = third;
                var validator = new Utf8Validator();
                int accepted = 0;
                while (accepted < 3 && validator.Append(bytes.AsSpan(accepted, 1)))
                    accepted++;
                if (accepted != Utf8Oracle.Possible(bytes))
                    Assert.Fail($"{Hex.Text(bytes)}: {accepted} bytes were accepted, {Utf8Oracle.Possible(bytes)} are possible.");
            }
        }
    }

    [Fact]
    public void Random_bytes_under_any_chunking_are_judged_as_the_framework_judges_them_whole()
    {
        // Bytes of which about half the sequences are valid: plain random ones nearly never are.
        Gen<byte[]> character = Gen.OneOf(
            Gen.Int[0, Characters.Length - 1].Select(i => Encoding.UTF8.GetBytes(Characters[i])),
            Gen.String[Gen.Char['\0', '\u007F'], 0, 40].Select(text => Encoding.UTF8.GetBytes(text)));
        Gen<byte[]> text = Gen.Select(character.Array[0, 20], Gen.Byte.Array[0, 1], character.Array[0, 3], (before, bad, after) =>
            (byte[])[.. before.SelectMany(bytes => bytes), .. bad, .. after.SelectMany(bytes => bytes)]);

        Gen.Select(Gen.OneOf(text, text, Gen.Byte.Array[0, 30]), Gen.Int[1, 40].Array[1, 6]).Sample((bytes, sizes) =>
        {
            var validator = new Utf8Validator();
            bool isPossible = true;
            int at = 0;
            for (int i = 0; at < bytes.Length && isPossible; i++)
            {
                int size = Math.Min(sizes[i % sizes.Length], bytes.Length - at);
                isPossible = validator.Append(bytes.AsSpan(at, size));

                // A failure lies in this part and in none before.
                Assert.Equal(Utf8Oracle.Possible(bytes) < at + size, !isPossible);
                at += size;
            }

            Assert.Equal(Utf8.IsValid(bytes), isPossible && validator.IsComplete);
        }, iter: 20_000);
    }

    [Fact]
    public void Resetting_begins_a_new_text()
    {
        var validator = new Utf8Validator();
        Assert.True(validator.Append([0xE2, 0x82]));
        Assert.False(validator.Append([0x00]));

        validator.Reset();

        Assert.True(validator.IsComplete);
        Assert.True(validator.Append("text"u8));
    }

    [Fact]
    public void An_empty_part_changes_nothing()
    {
        var validator = new Utf8Validator();
        Assert.True(validator.Append([]));
        Assert.True(validator.IsComplete);
        Assert.True(validator.Append([0xC3]));
        Assert.True(validator.Append([]));
        Assert.False(validator.IsComplete);
        Assert.True(validator.Append([0xA9]));
        Assert.True(validator.IsComplete);
    }
}
