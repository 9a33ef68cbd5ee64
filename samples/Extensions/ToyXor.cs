using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Duplex.Protocol;

namespace Duplex.Samples;

/// <summary>A toy that XORs messages with an agreed number, and marks them with RSV2.</summary>
public sealed class ToyXor(ToyXorOptions options) : WebSocketExtension
{
    private byte _key = options.Key;

    /// <summary>The agreed number.</summary>
    public byte Key => _key;

    public override IReadOnlyList<WebSocketExtensionHeader> Offers =>
        [new("x-toy-xor", new WebSocketExtensionParameter("key", options.Key.ToString(CultureInfo.InvariantCulture)))];

    // The server may choose another key; it must choose one.
    public override bool TryAccept(WebSocketExtensionHeader answer, [NotNullWhen(false)] out string? error)
    {
        bool isLegal = answer.Parameters is [{ Name: "key", Value: var key }]
            && byte.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out _key);
        error = isLegal ? null : "Expected one parameter, key, with a number from 0 to 255.";
        return isLegal;
    }

    public override bool TransformsOutgoing(in MessagePart first, SendTransform wish) =>
        base.TransformsOutgoing(first, wish)
        && (wish == SendTransform.Always || first.Data.Length >= options.MinimumSize);

    public override ExtensionResult ProcessOutgoing(in MessagePart part, IBufferWriter<byte> output)
    {
        Hide(part.Data, output);
        return ExtensionResult.Done(part.StartsMessage ? ReservedBits.Rsv2 : ReservedBits.None);
    }

    public override ExtensionResult ProcessIncoming(in MessagePart part, IBufferWriter<byte> output)
    {
        if (part is { StartsMessage: true, Reserved: ReservedBits.None })
            return ExtensionResult.Untouched;
        Hide(part.Data, output);
        return ExtensionResult.Done();
    }

    private void Hide(ReadOnlySpan<byte> data, IBufferWriter<byte> output)
    {
        while (!data.IsEmpty)
        {
            Span<byte> target = output.GetSpan();
            int count = Math.Min(target.Length, data.Length);
            for (int i = 0; i < count; i++)
                target[i] = (byte)(data[i] ^ _key);
            output.Advance(count);
            data = data[count..];
        }
    }
}

public sealed class ToyXorOptions
{
    public byte Key { get; set; } = 42;

    /// <summary>Shorter messages, or first fragments, are sent unchanged. In bytes.</summary>
    public int MinimumSize { get; set; }
}

public sealed class ToyXorFactory : WebSocketExtensionFactory<ToyXorOptions, ToyXor>
{
    public override string Name => "x-toy-xor";

    public override ReservedBits ReservedBits => ReservedBits.Rsv2;

    public override ToyXor Create(ToyXorOptions options) => new(options);
}
