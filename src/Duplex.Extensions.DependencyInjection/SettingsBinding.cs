using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Sets a client's options from a configuration, each time that a handler is created.</summary>
/// <param name="client">The client's name; null for all clients.</param>
/// <param name="configuration">The section.</param>
/// <param name="refusesUnknownKeys">Whether a key that is not known is an error.</param>
internal sealed class SettingsBinding(string? client, IConfiguration configuration, bool refusesUnknownKeys)
    : ClientSetup(client)
{
    /// <summary>Where permessage-deflate is configured.</summary>
    public string DeflatePath => Path(
        $"{nameof(WebSocketsSettings.Extensions)}:{nameof(ExtensionsSettings.PerMessageDeflate)}");

    /// <summary>Reads what is configured for permessage-deflate; null if nothing is.</summary>
    public DeflateSettings? ReadDeflate() => Read([])?.Extensions?.PerMessageDeflate;

    /// <summary>Sets options of permessage-deflate that were read here before, without a failure.</summary>
    public void Apply(DeflateSettings settings, PerMessageDeflateOptions options) => Apply(settings, options, []);

    /// <inheritdoc/>
    /// <exception cref="OptionsValidationException">A key is wrong.</exception>
    protected override void Apply(string name, WebSocketsOptions options)
    {
        var failures = new List<string>();
        SettingsKeys.Root.Check(configuration, refusesUnknownKeys, failures);
        if (Read(failures) is { } settings)
        {
            Apply(settings, options, failures);
            if (settings.Extensions?.PerMessageDeflate is { } deflate)
                Apply(deflate, new PerMessageDeflateOptions(), failures); // DeflateInstallation applies it later
        }

        if (failures.Count > 0)
            throw new OptionsValidationException(name, typeof(WebSocketsOptions), failures);
    }

    // Whether a list is there but empty: the binder says null then.
    private static bool IsEmpty(IConfigurationSection list) => list.Value is "" && !list.GetChildren().Any();

    private WebSocketsSettings? Read(List<string> failures)
    {
        try
        {
            return configuration.Get<WebSocketsSettings>() ?? new WebSocketsSettings();
        }
        catch (InvalidOperationException e)
        {
            failures.Add(e.Message); // names the key and the value
            return null;
        }
    }

    private void Apply(WebSocketsSettings settings, WebSocketsOptions options, List<string> failures)
    {
        Duration(nameof(settings.PingInterval), settings.PingInterval, value => options.PingInterval = value);
        Duration(nameof(settings.PingTimeout), settings.PingTimeout, value => options.PingTimeout = value);
        Duration(
            nameof(settings.HandshakeTimeout), settings.HandshakeTimeout, value => options.HandshakeTimeout = value);
        Duration(nameof(settings.CloseTimeout), settings.CloseTimeout, value => options.CloseTimeout = value);
        Set(
            nameof(settings.HandshakeStrictness),
            settings.HandshakeStrictness,
            value => options.HandshakeStrictness = value,
            failures);
        Set(nameof(settings.MaxFrameSize), settings.MaxFrameSize, value => options.MaxFrameSize = value, failures);
        Set(
            nameof(settings.MaxMessageSize),
            settings.MaxMessageSize,
            value => options.MaxMessageSize = value,
            failures);
        Set(nameof(settings.MaxFragments), settings.MaxFragments, value => options.MaxFragments = value, failures);
        Set(
            nameof(settings.TextValidation),
            settings.TextValidation,
            value => options.TextValidation = value,
            failures);
        Set(nameof(settings.TraceSessions), settings.TraceSessions, value => options.TraceSessions = value, failures);
        if (settings.Subprotocols is not null || IsEmpty(configuration.GetSection(nameof(settings.Subprotocols))))
            Subprotocols(configuration.GetSection(nameof(settings.Subprotocols)), options.Subprotocols, failures);
        options.Channels.Incoming = Channel(
            nameof(ChannelsSettings.Incoming), settings.Channels?.Incoming, options.Channels.Incoming, failures);
        options.Channels.Outgoing = Channel(
            nameof(ChannelsSettings.Outgoing), settings.Channels?.Outgoing, options.Channels.Outgoing, failures);

        void Duration(string key, string? text, Action<TimeSpan> set)
        {
            if (string.IsNullOrEmpty(text))
                return;
            if (TryParseDuration(text, out TimeSpan value))
                Set(key, (TimeSpan?)value, set, failures);
            else
                failures.Add($"{Path(key)}: \"{text}\" is no duration. Expected hh:mm:ss like 00:00:20, or Infinite.");
        }
    }

    private static bool TryParseDuration(string text, out TimeSpan value)
    {
        value = Timeout.InfiniteTimeSpan;
        return text.Equals("Infinite", StringComparison.OrdinalIgnoreCase)
            || (text.Contains(':', StringComparison.Ordinal) // a number alone would be days
                && TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out value));
    }

    // A later list replaces an earlier one, as a later value does.
    private static void Subprotocols(IConfigurationSection list, IList<string> names, List<string> failures)
    {
        names.Clear();
        foreach (IConfigurationSection item in list.GetChildren())
        {
            if (item.Value is { } name)
                Try(item.Path, name, () => names.Add(name), failures);
        }
    }

    private ChannelConfig Channel(string key, ChannelSettings? settings, ChannelConfig current, List<string> failures)
    {
        if (settings is null)
            return current;
        string path = $"{nameof(WebSocketsSettings.Channels)}:{key}";

        // One at a time, so that a failure names its key.
        Set(
            $"{path}:{nameof(settings.Capacity)}",
            settings.Capacity,
            value => current = ChannelConfig.Bounded(value, current.MaxBytes, current.Overflow),
            failures);
        Set(
            $"{path}:{nameof(settings.MaxBytes)}",
            settings.MaxBytes,
            value => current = ChannelConfig.Bounded(current.Capacity, value, current.Overflow),
            failures);
        Set(
            $"{path}:{nameof(settings.Overflow)}",
            settings.Overflow,
            value => current = ChannelConfig.Bounded(current.Capacity, current.MaxBytes, value),
            failures);
        return current;
    }

    private void Apply(DeflateSettings settings, PerMessageDeflateOptions options, List<string> failures)
    {
        Set(DeflateKey(nameof(settings.Level)), settings.Level, value => options.Level = value, failures);
        Set(
            DeflateKey(nameof(settings.MinimumSize)),
            settings.MinimumSize,
            value => options.MinimumSize = value,
            failures);
        options.ServerContextTakeover = settings.ServerContextTakeover ?? options.ServerContextTakeover;
        options.ClientContextTakeover = settings.ClientContextTakeover ?? options.ClientContextTakeover;
        Set(
            DeflateKey(nameof(settings.ServerMaxWindowBits)),
            settings.ServerMaxWindowBits,
            value => options.ServerMaxWindowBits = value,
            failures);
        options.AllowsClientMaxWindowBits = settings.AllowsClientMaxWindowBits ?? options.AllowsClientMaxWindowBits;
        Set(
            DeflateKey(nameof(settings.MaxExpansion)),
            settings.MaxExpansion,
            value => options.MaxExpansion = value,
            failures);

        string key = DeflateKey(nameof(settings.Alternatives));
        if (settings.Alternatives is null && !IsEmpty(configuration.GetSection(key)))
            return;
        options.Alternatives.Clear();
        IConfigurationSection[] items = [.. configuration.GetSection(key).GetChildren()];
        for (int i = 0; i < settings.Alternatives?.Count; i++)
            options.Alternatives.Add(Offer($"{key}:{items[i].Key}", settings.Alternatives[i], failures));
    }

    private PerMessageDeflateOffer Offer(string key, DeflateOfferSettings settings, List<string> failures)
    {
        var offer = new PerMessageDeflateOffer
        {
            ServerContextTakeover = settings.ServerContextTakeover ?? true,
            ClientContextTakeover = settings.ClientContextTakeover ?? true,
            AllowsClientMaxWindowBits = settings.AllowsClientMaxWindowBits ?? true,
        };
        Set(
            $"{key}:{nameof(settings.ServerMaxWindowBits)}",
            settings.ServerMaxWindowBits,
            value => offer = offer with { ServerMaxWindowBits = value },
            failures);
        return offer;
    }

    private static string DeflateKey(string key) =>
        $"{nameof(WebSocketsSettings.Extensions)}:{nameof(ExtensionsSettings.PerMessageDeflate)}:{key}";

    private void Set<T>(string key, T? value, Action<T> set, List<string> failures)
        where T : struct
    {
        if (value is { } given)
            Try(Path(key), configuration[key], () => set(given), failures);
    }

    private static void Try(string path, string? value, Action set, List<string> failures)
    {
        try
        {
            set();
        }
        catch (ArgumentException e)
        {
            // Without the parameter's name and the value, which the platform appends.
            string reason = e.Message.Split(" (Parameter '")[0];
            failures.Add($"{path}: \"{value}\" is refused. {reason}");
        }
    }

    private string Path(string key) =>
        configuration is IConfigurationSection section ? ConfigurationPath.Combine(section.Path, key) : key;
}
