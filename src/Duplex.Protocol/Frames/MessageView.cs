using System.Runtime.CompilerServices;
using System.Text;

namespace Duplex;

/// <summary>
/// A received message in the memory that it was read into. It is valid until the next call of its reader: take what
/// you need, or <see cref="ToFrame"/>.
/// </summary>
public readonly ref struct MessageView
{
    private const int FinBit = 1 << 8; // above the reserved bits
    private const int AssembledBit = 1 << 9; // above FIN
    private const int TypeShift = 16; // above the bits

    // One field: with more, the JIT would copy views through memory, which stalls.
    private readonly int _bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)] // a call would build it in memory
    internal MessageView(
        FrameType type, ReadOnlySpan<byte> data, bool fin, ReservedBits reserved, bool isAssembled = false)
    {
        Data = data;
        _bits = ((int)type << TypeShift) | (int)reserved | (fin ? FinBit : 0) | (isAssembled ? AssembledBit : 0);
    }

    /// <summary>The message's type: text or binary.</summary>
    public FrameType Type => (FrameType)(_bits >> TypeShift);

    /// <summary>The payload, unmasked, after extensions. Text is valid UTF-8, unless validation is lenient.</summary>
    public ReadOnlySpan<byte> Data { get; }

    internal bool Fin => (_bits & FinBit) != 0;

    internal ReservedBits Reserved => (ReservedBits)(byte)_bits;

    /// <summary>Whether the payload is in the assembler's memory, not in the reader's input.</summary>
    internal bool IsAssembled => (_bits & AssembledBit) != 0;

    internal bool IsControl => Type >= FrameType.Close;

    /// <summary>Returns the payload as text; U+FFFD stands for what is not UTF-8.</summary>
    public string ReadText() => Encoding.UTF8.GetString(Data);

    /// <summary>Returns a frame with a copy of the payload, which stays valid.</summary>
    public Frame ToFrame() => Frame.Create(Type, Fin, Reserved, Data.ToArray(), owner: null);

    /// <summary>Returns the type and the payload's length, never the payload.</summary>
    public override string ToString() => $"Message {Type} ({Data.Length} bytes)";
}
