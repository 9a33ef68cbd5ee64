using System.IO.Compression;

namespace Duplex;

/// <summary>
/// A client's section as it stands in a configuration, for the binder's source generator, which cannot bind
/// <see cref="WebSocketsOptions"/>. Its keys are the paths of the options. Null: the key is absent.
/// </summary>
internal sealed class WebSocketsSettings
{
    // Durations are text: the binder would take 20 for 20 days, and knows no Infinite.
    public string? PingInterval { get; set; }
    public string? PingTimeout { get; set; }
    public string? HandshakeTimeout { get; set; }
    public string? CloseTimeout { get; set; }
    public HandshakeStrictness? HandshakeStrictness { get; set; }
    public long? MaxFrameSize { get; set; }
    public long? MaxMessageSize { get; set; }
    public int? MaxFragments { get; set; }
    public TextValidation? TextValidation { get; set; }
    public IList<string>? Subprotocols { get; set; }
    public bool? TraceSessions { get; set; }
    public ChannelsSettings? Channels { get; set; }
    public ExtensionsSettings? Extensions { get; set; }
}

/// <summary>Of <see cref="WebSocketsOptions.Channels"/>.</summary>
internal sealed class ChannelsSettings
{
    public ChannelSettings? Incoming { get; set; }
    public ChannelSettings? Outgoing { get; set; }
}

/// <summary>Of a <see cref="ChannelConfig"/>.</summary>
internal sealed class ChannelSettings
{
    public int? Capacity { get; set; }
    public long? MaxBytes { get; set; }
    public ChannelOverflow? Overflow { get; set; }
}

/// <summary>Of <see cref="WebSocketsOptions.Extensions"/>.</summary>
internal sealed class ExtensionsSettings
{
    public DeflateSettings? PerMessageDeflate { get; set; }
}

/// <summary>Of <see cref="PerMessageDeflateOptions"/>.</summary>
internal sealed record DeflateSettings
{
    /// <summary>Whether to install it. Null: yes if another key is there.</summary>
    public bool? Enabled { get; set; }
    public CompressionLevel? Level { get; set; }
    public int? MinimumSize { get; set; }
    public bool? ServerContextTakeover { get; set; }
    public bool? ClientContextTakeover { get; set; }
    public int? ServerMaxWindowBits { get; set; }
    public bool? AllowsClientMaxWindowBits { get; set; }
    public int? MaxExpansion { get; set; }
    public IList<DeflateOfferSettings>? Alternatives { get; set; }
}

/// <summary>Of a <see cref="PerMessageDeflateOffer"/>.</summary>
internal sealed class DeflateOfferSettings
{
    public bool? ServerContextTakeover { get; set; }
    public bool? ClientContextTakeover { get; set; }
    public int? ServerMaxWindowBits { get; set; }
    public bool? AllowsClientMaxWindowBits { get; set; }
}
