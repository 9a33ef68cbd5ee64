using System.Globalization;
using System.IO.Compression;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>
/// One read of a client's section. It sets options, and collects what is wrong, each failure with its full key. A value
/// that the binder cannot convert hides the values of the others, since the binder stops there.
/// </summary>
internal sealed class SettingsReading
{
    private const string DeflateKey =
        $"{nameof(WebSocketsSettings.Extensions)}:{nameof(ExtensionsSettings.PerMessageDeflate)}";

    private static readonly Type[] Enums =
        [typeof(HandshakeStrictness), typeof(TextValidation), typeof(ChannelOverflow), typeof(CompressionLevel)];

    private readonly IConfiguration _section;
    private readonly List<string> _failures = [];
    private readonly WebSocketsSettings _settings = new();

    public SettingsReading(IConfiguration section, bool refusesUnknownKeys)
    {
        _section = section;
        SettingsKeys.Check(section, refusesUnknownKeys, _failures);
        try
        {
            _settings = section.Get<WebSocketsSettings>() ?? _settings;
        }
        catch (InvalidOperationException e)
        {
            _failures.Add(e.Message + Expected(e.Message)); // names the key, the value and the type
        }
    }

    /// <summary>What is configured for permessage-deflate.</summary>
    public DeflateSettings Deflate => _settings.Extensions?.PerMessageDeflate ?? new DeflateSettings();

    /// <summary>Whether a known key of permessage-deflate has a value.</summary>
    public bool HasDeflate => Deflate != new DeflateSettings();

    /// <summary>Where permessage-deflate is configured.</summary>
    public string DeflatePath => _section.GetSection(DeflateKey).Path;

    /// <exception cref="OptionsValidationException">A key is wrong.</exception>
    public void ThrowIfFailed(string name)
    {
        if (_failures.Count > 0)
            throw new OptionsValidationException(name, typeof(WebSocketsOptions), _failures);
    }

    /// <summary>Sets a client's options, except permessage-deflate.</summary>
    public void ApplyTo(WebSocketsOptions options)
    {
        WebSocketsSettings s = _settings;
        Set(nameof(s.PingInterval), s.PingInterval, value => options.PingInterval = value);
        Set(nameof(s.PingTimeout), s.PingTimeout, value => options.PingTimeout = value);
        Set(nameof(s.HandshakeTimeout), s.HandshakeTimeout, value => options.HandshakeTimeout = value);
        Set(nameof(s.CloseTimeout), s.CloseTimeout, value => options.CloseTimeout = value);
        Set(nameof(s.HandshakeStrictness), s.HandshakeStrictness, value => options.HandshakeStrictness = value);
        Set(nameof(s.MaxFrameSize), s.MaxFrameSize, value => options.MaxFrameSize = value);
        Set(nameof(s.MaxMessageSize), s.MaxMessageSize, value => options.MaxMessageSize = value);
        Set(nameof(s.MaxFragments), s.MaxFragments, value => options.MaxFragments = value);
        Set(nameof(s.TextValidation), s.TextValidation, value => options.TextValidation = value);
        Set(nameof(s.TraceSessions), s.TraceSessions, value => options.TraceSessions = value);
        Replace(nameof(s.Subprotocols), s.Subprotocols, options.Subprotocols, item =>
        {
            if (item.Value is { } name)
                Try(item, () => options.Subprotocols.Add(name));
        });
        options.Channels.Incoming = Channel(
            nameof(s.Channels.Incoming), s.Channels?.Incoming, options.Channels.Incoming);
        options.Channels.Outgoing = Channel(
            nameof(s.Channels.Outgoing), s.Channels?.Outgoing, options.Channels.Outgoing);
    }

    /// <summary>Sets the options of permessage-deflate.</summary>
    public void ApplyTo(PerMessageDeflateOptions options)
    {
        const string Key = DeflateKey + ":";
        DeflateSettings s = Deflate;
        Set(Key + nameof(s.Level), s.Level, value => options.Level = value);
        Set(Key + nameof(s.MinimumSize), s.MinimumSize, value => options.MinimumSize = value);
        options.ServerContextTakeover = s.ServerContextTakeover ?? options.ServerContextTakeover;
        options.ClientContextTakeover = s.ClientContextTakeover ?? options.ClientContextTakeover;
        Set(Key + nameof(s.ServerMaxWindowBits), s.ServerMaxWindowBits, value => options.ServerMaxWindowBits = value);
        options.AllowsClientMaxWindowBits = s.AllowsClientMaxWindowBits ?? options.AllowsClientMaxWindowBits;
        Set(Key + nameof(s.MaxExpansion), s.MaxExpansion, value => options.MaxExpansion = value);
        Replace(
            Key + nameof(s.Alternatives), s.Alternatives, options.Alternatives,
            item => options.Alternatives.Add(Offer(item)));
    }

    private static bool TryParseDuration(string text, out TimeSpan value)
    {
        value = Timeout.InfiniteTimeSpan;
        return text.Equals("Infinite", StringComparison.OrdinalIgnoreCase)
            || (text.Contains(':', StringComparison.Ordinal) // a number alone would be days
                && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value));
    }

    private PerMessageDeflateOffer Offer(IConfigurationSection item)
    {
        DeflateOfferSettings s = item.Get<DeflateOfferSettings>() ?? new DeflateOfferSettings();
        var offer = new PerMessageDeflateOffer
        {
            ServerContextTakeover = s.ServerContextTakeover ?? true,
            ClientContextTakeover = s.ClientContextTakeover ?? true,
            AllowsClientMaxWindowBits = s.AllowsClientMaxWindowBits ?? true,
        };
        IConfigurationSection key = item.GetSection(nameof(s.ServerMaxWindowBits));
        if (s.ServerMaxWindowBits is { } bits)
            Try(key, () => offer = offer with { ServerMaxWindowBits = bits });
        return offer;
    }

    // One option at a time, so that a failure names its key.
    private ChannelConfig Channel(string name, ChannelSettings? s, ChannelConfig now)
    {
        string key = $"{nameof(WebSocketsSettings.Channels)}:{name}:";
        Set(key + nameof(s.Capacity), s?.Capacity, it => now = ChannelConfig.Bounded(it, now.MaxBytes, now.Overflow));
        Set(key + nameof(s.MaxBytes), s?.MaxBytes, it => now = ChannelConfig.Bounded(now.Capacity, it, now.Overflow));
        Set(key + nameof(s.Overflow), s?.Overflow, it => now = ChannelConfig.Bounded(now.Capacity, now.MaxBytes, it));
        return now;
    }

    private void Set(string key, string? duration, Action<TimeSpan> set)
    {
        if (string.IsNullOrEmpty(duration))
            return;
        if (TryParseDuration(duration, out TimeSpan value))
            Set<TimeSpan>(key, value, set);
        else
        {
            _failures.Add(
                $"{_section.GetSection(key).Path}: \"{duration}\" is not a duration. " +
                "Use hh:mm:ss, such as 00:00:20, or Infinite.");
        }
    }

    private void Set<T>(string key, T? value, Action<T> set)
        where T : struct
    {
        if (value is { } given)
            Try(_section.GetSection(key), () => set(given));
    }

    // A later list replaces an earlier one, as a later value does. The binder returns null for an empty one.
    private void Replace<T>(string key, object? bound, IList<T> list, Action<IConfigurationSection> add)
    {
        IConfigurationSection section = _section.GetSection(key);
        IConfigurationSection[] items = [.. section.GetChildren()];
        if (bound is null && (section.Value is not "" || items.Length > 0))
            return;
        list.Clear();
        foreach (IConfigurationSection item in items)
            add(item);
    }

    private void Try(IConfigurationSection key, Action set)
    {
        try
        {
            set();
        }
        catch (ArgumentException e)
        {
            // Without the parameter's name and the value, which the platform appends.
            string reason = e.Message.Split(" (Parameter '")[0];
            _failures.Add($"{key.Path}: \"{key.Value}\" is not valid. {reason}");
        }
    }

    private static string Expected(string message)
    {
        Type? type = Enums.FirstOrDefault(type => message.Contains($"'{type}'", StringComparison.Ordinal));
        return type is null ? "" : $" Expected {string.Join(", ", Enum.GetNames(type))}.";
    }
}
