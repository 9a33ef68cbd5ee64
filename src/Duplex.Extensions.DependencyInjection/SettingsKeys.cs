using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;

namespace Duplex;

/// <summary>
/// Checks the keys of a client's section against <see cref="WebSocketsSettings"/>. The binder ignores a key of the
/// wrong kind, and names an unknown one without its path.
/// </summary>
internal static class SettingsKeys
{
    private const string Item = "*"; // of a list, whatever its index
    private const string Deflate = "Extensions:PerMessageDeflate";

    // The keys of each section; what is neither a section nor a list is a value.
    private static readonly Dictionary<string, HashSet<string>> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        [""] = Names<WebSocketsSettings>(),
        ["Channels"] = Names<ChannelsSettings>(),
        ["Channels:Incoming"] = Names<ChannelSettings>(),
        ["Channels:Outgoing"] = Names<ChannelSettings>(),
        ["Extensions"] = Names<ExtensionsSettings>(),
        [Deflate] = Names<DeflateSettings>(),
        [$"{Deflate}:Alternatives:{Item}"] = Names<DeflateOfferSettings>(),
    };

    private static readonly HashSet<string> Lists =
        new(StringComparer.OrdinalIgnoreCase) { "Subprotocols", $"{Deflate}:Alternatives" };

    /// <summary>Adds a line for each key of the wrong kind, and for each unknown one if asked.</summary>
    public static void Check(IConfiguration section, bool refusesUnknown, ICollection<string> failures)
    {
        Check(section, "");

        void Check(IConfiguration at, string key)
        {
            string path = (at as IConfigurationSection)?.Path ?? "";
            bool isList = Lists.Contains(key);
            if (!Sections.TryGetValue(key, out HashSet<string>? names) && !isList)
            {
                if (at.GetChildren().Any())
                    failures.Add($"{path}: Expected one value, got a section or a list.");
                return;
            }

            string known = $"Known keys: {string.Join(", ", names ?? [])}.";
            if (at is IConfigurationSection { Value: { Length: > 0 } value })
            {
                failures.Add(isList
                    ? $"{path}: Expected a list, such as {path}:0, got the value \"{value}\"."
                    : $"{path}: Expected a section, got the value \"{value}\". {known}");
                return;
            }

            foreach (IConfigurationSection child in at.GetChildren())
            {
                if (isList || names!.Contains(child.Key))
                    Check(child, ConfigurationPath.Combine([key, isList ? Item : child.Key]).TrimStart(':'));
                else if (refusesUnknown)
                    failures.Add($"{child.Path}: Unknown key. {Advice(known, child.Key)}");
            }
        }
    }

    private static string Advice(string known, string key) =>
        key.ToUpperInvariant() is "ADDRESS" or "BASEADDRESS" or "URL" or "URI"
            ? $"{known} The address is the client's (HttpClient.BaseAddress): keep it outside this section."
            : known;

    private static HashSet<string> Names<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>() =>
        new(typeof(T).GetProperties().Select(property => property.Name), StringComparer.OrdinalIgnoreCase);
}
