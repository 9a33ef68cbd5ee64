using System.Buffers;

namespace Duplex.Tests;

/// <summary>What tests of compression share.</summary>
internal static class Deflating
{
    /// <summary>The extension as a factory makes it, accepted by a server that answered so.</summary>
    public static PerMessageDeflate Accepted(string answer = "permessage-deflate", Action<PerMessageDeflateOptions>? configure = null)
    {
        var options = new PerMessageDeflateOptions { MinimumSize = 0 };
        configure?.Invoke(options);
        var extension = (PerMessageDeflate)new PerMessageDeflateFactory().With(options).CreateIdentified();
        Assert.True(extension.TryAccept(Assert.Single(WebSocketExtensionHeader.ParseList(answer)), out string? error), error);
        return extension;
    }

    /// <summary>What the extension makes of a message that is sent.</summary>
    public static byte[] Compress(this PerMessageDeflate extension, ReadOnlySpan<byte> message)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.Equal(ReservedBits.Rsv1, extension.ProcessOutgoing(MessagePart.Whole(FrameType.Binary, message), output).Reserved);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What the extension makes of a compressed message that comes; null if the session ends.</summary>
    public static byte[]? Expand(this PerMessageDeflate extension, ReadOnlySpan<byte> payload)
    {
        var output = new ArrayBufferWriter<byte>();
        return extension.ProcessIncoming(MessagePart.Whole(FrameType.Binary, payload, ReservedBits.Rsv1), output).Violation is null ? output.WrittenSpan.ToArray() : null;
    }
}
