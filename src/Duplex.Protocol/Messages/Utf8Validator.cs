using System.Text.Unicode;

namespace Duplex.Protocol;

/// <summary>
/// Validates UTF-8 in pieces that may split a character. It fails at the first byte that no valid text can contain
/// there (RFC 3629 §4).
/// </summary>
/// <remarks>A mutable struct: keep it in a field. The default value is the start of a text.</remarks>
internal struct Utf8Validator
{
    // Inside a character: the missing bytes, and the range of the next. The second byte's range rules out overlong
    // forms, surrogates, and values above U+10FFFF.
    private byte _pending;
    private byte _low;
    private byte _high;

    public readonly bool IsComplete => _pending == 0;

    /// <summary>After false, reset the validator.</summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        while (_pending > 0)
        {
            if (bytes.IsEmpty)
                return true;
            if (!Step(bytes[0]))
                return false;
            bytes = bytes[1..];
        }

        int tail = SplitTail(bytes);
        if (!Utf8.IsValid(bytes[..^tail]))
            return false;
        foreach (byte b in bytes[^tail..])
        {
            if (!Step(b))
                return false;
        }

        return true;
    }

    public void Reset() => this = default;

    // The bytes at the end that may start an incomplete character.
    private static int SplitTail(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes[^1] < 0x80)
            return 0;
        if (bytes[^1] >= 0xC0)
            return 1;
        if (bytes.Length >= 2 && bytes[^2] >= 0xE0)
            return 2;
        return bytes.Length >= 3 && bytes[^3] >= 0xF0 ? 3 : 0;
    }

    private bool Step(byte b)
    {
        if (_pending > 0)
        {
            if (b < _low || b > _high)
                return false;
            _pending--;
            (_low, _high) = (0x80, 0xBF);
            return true;
        }

        // RFC 3629 §4, the table of UTF-8-octets.
        (_pending, _low, _high) = b switch
        {
            < 0x80 => ((byte)0, (byte)0, (byte)0),
            >= 0xC2 and <= 0xDF => ((byte)1, (byte)0x80, (byte)0xBF),
            0xE0 => ((byte)2, (byte)0xA0, (byte)0xBF),
            0xED => ((byte)2, (byte)0x80, (byte)0x9F),
            >= 0xE1 and <= 0xEF => ((byte)2, (byte)0x80, (byte)0xBF),
            0xF0 => ((byte)3, (byte)0x90, (byte)0xBF),
            >= 0xF1 and <= 0xF3 => ((byte)3, (byte)0x80, (byte)0xBF),
            0xF4 => ((byte)3, (byte)0x80, (byte)0x8F),
            _ => (byte.MaxValue, (byte)0, (byte)0), // C0, C1, F5-FF and lone continuation bytes
        };
        return _pending != byte.MaxValue;
    }
}
