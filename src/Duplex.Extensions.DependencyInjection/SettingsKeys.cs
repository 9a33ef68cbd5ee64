using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace Duplex;

/// <summary>
/// The keys of <see cref="WebSocketsSettings"/> and their kinds. The binder ignores a key of the wrong kind, and names
/// an unknown one without its path.
/// </summary>
internal sealed class SettingsKeys
{
    private static readonly SettingsKeys Value = new();

    private static readonly SettingsKeys Channel = new()
    {
        Children = Section(
            (nameof(ChannelSettings.Capacity), Value),
            (nameof(ChannelSettings.MaxBytes), Value),
            (nameof(ChannelSettings.Overflow), Value)),
    };

    private static readonly (string, SettingsKeys)[] Offer =
    [
        (nameof(DeflateOfferSettings.ServerContextTakeover), Value),
        (nameof(DeflateOfferSettings.ClientContextTakeover), Value),
        (nameof(DeflateOfferSettings.ServerMaxWindowBits), Value),
        (nameof(DeflateOfferSettings.AllowsClientMaxWindowBits), Value),
    ];

    private static readonly SettingsKeys Deflate = new()
    {
        Children = Section(
        [
            (nameof(DeflateSettings.Enabled), Value),
            (nameof(DeflateSettings.Level), Value),
            (nameof(DeflateSettings.MinimumSize), Value),
            .. Offer,
            (nameof(DeflateSettings.MaxExpansion), Value),
            (nameof(DeflateSettings.Alternatives), new() { Item = new() { Children = Section(Offer) } }),
        ]),
    };

    /// <summary>A client's section.</summary>
    public static SettingsKeys Root { get; } = new()
    {
        Children = Section(
            (nameof(WebSocketsSettings.PingInterval), Value),
            (nameof(WebSocketsSettings.PingTimeout), Value),
            (nameof(WebSocketsSettings.HandshakeTimeout), Value),
            (nameof(WebSocketsSettings.CloseTimeout), Value),
            (nameof(WebSocketsSettings.HandshakeStrictness), Value),
            (nameof(WebSocketsSettings.MaxFrameSize), Value),
            (nameof(WebSocketsSettings.MaxMessageSize), Value),
            (nameof(WebSocketsSettings.MaxFragments), Value),
            (nameof(WebSocketsSettings.TextValidation), Value),
            (nameof(WebSocketsSettings.Subprotocols), new() { Item = Value }),
            (nameof(WebSocketsSettings.TraceSessions), Value),
            (nameof(WebSocketsSettings.Channels), new()
            {
                Children = Section(
                    (nameof(ChannelsSettings.Incoming), Channel), (nameof(ChannelsSettings.Outgoing), Channel)),
            }),
            (nameof(WebSocketsSettings.Extensions), new()
            {
                Children = Section((nameof(ExtensionsSettings.PerMessageDeflate), Deflate)),
            })),
    };

    /// <summary>The keys of a section; null for a list or a value.</summary>
    public IReadOnlyDictionary<string, SettingsKeys>? Children { get; private init; }

    /// <summary>What a list holds; null for a section or a value.</summary>
    public SettingsKeys? Item { get; private init; }

    /// <summary>Adds a line for each key of the wrong kind, and for each unknown one if asked.</summary>
    public void Check(IConfiguration section, bool refusesUnknown, ICollection<string> failures)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!TryGet(child.Key, out SettingsKeys? keys))
            {
                if (refusesUnknown)
                    failures.Add($"{child.Path}: The key is unknown. {Known()}");
                continue;
            }

            bool isValue = keys is { Children: null, Item: null };
            if (isValue && child.GetChildren().Any())
                failures.Add($"{child.Path}: Expected one value, got a section or a list.");
            else if (!isValue && !string.IsNullOrEmpty(child.Value))
                failures.Add($"{child.Path}: Expected {keys.Shape(child.Path)}, got the value \"{child.Value}\".");
            else
                keys.Check(child, refusesUnknown, failures);
        }
    }

    private static Dictionary<string, SettingsKeys> Section(params ReadOnlySpan<(string Name, SettingsKeys Keys)> keys)
    {
        var section = new Dictionary<string, SettingsKeys>(StringComparer.OrdinalIgnoreCase); // as configurations are
        foreach ((string name, SettingsKeys known) in keys)
            section.Add(name, known);
        return section;
    }

    private bool TryGet(string key, [NotNullWhen(true)] out SettingsKeys? keys)
    {
        keys = Item;
        return keys is not null || (Children is not null && Children.TryGetValue(key, out keys));
    }

    private string Known() => $"Known here: {string.Join(", ", Children?.Keys ?? [])}.";

    private string Shape(string path) => Children is null ? $"a list, such as {path}:0" : $"a section. {Known()}";
}
