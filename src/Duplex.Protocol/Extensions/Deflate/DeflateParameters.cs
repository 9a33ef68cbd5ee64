using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Duplex.Protocol;

/// <summary>The parameters of permessage-deflate in one header element (RFC 7692 §7.1).</summary>
internal readonly record struct DeflateParameters(
    bool ServerNoContextTakeover,
    bool ClientNoContextTakeover,
    int? ServerMaxWindowBits,
    int? ClientMaxWindowBits)
{
    public const string ExtensionName = "permessage-deflate";

    private const string ServerTakeover = "server_no_context_takeover";
    private const string ClientTakeover = "client_no_context_takeover";
    private const string ServerWindow = "server_max_window_bits";
    private const string ClientWindow = "client_max_window_bits";

    public static WebSocketExtensionHeader ToHeader(PerMessageDeflateOffer offer)
    {
        var parameters = new List<WebSocketExtensionParameter>();
        if (!offer.ServerContextTakeover)
            parameters.Add(new WebSocketExtensionParameter(ServerTakeover));
        if (!offer.ClientContextTakeover)
            parameters.Add(new WebSocketExtensionParameter(ClientTakeover));
        if (offer.ServerMaxWindowBits < DeflateWindow.MaxBits)
        {
            string bits = offer.ServerMaxWindowBits.ToString(CultureInfo.InvariantCulture);
            parameters.Add(new WebSocketExtensionParameter(ServerWindow, bits));
        }

        if (offer.AllowsClientMaxWindowBits)
            parameters.Add(new WebSocketExtensionParameter(ClientWindow));
        return new WebSocketExtensionHeader(ExtensionName, parameters);
    }

    // RFC 7692 §7.1: "A client MUST _Fail the WebSocket Connection_" if the answer "contains an extension parameter not
    // defined for use in a response", one "with an invalid value", or "multiple extension parameters with the same
    // name".
    public static bool TryParse(
        WebSocketExtensionHeader answer,
        out DeflateParameters parameters,
        [NotNullWhen(false)] out string? error)
    {
        parameters = default;
        var seen = new HashSet<string>();
        foreach (WebSocketExtensionParameter parameter in answer.Parameters)
        {
            // The message repeats only the four known names.
            bool isKnown = parameter.Name is ServerTakeover or ClientTakeover or ServerWindow or ClientWindow;
            error = !isKnown
                ? $"Expected {ServerTakeover}, {ClientTakeover}, {ServerWindow} or {ClientWindow}; "
                    + "another parameter is there."
                : !seen.Add(parameter.Name) ? $"Expected {parameter.Name} once; it is there twice."
                : null;
            if (error is not null)
                return false;

            switch (parameter.Name)
            {
                case ServerTakeover or ClientTakeover when parameter.Value is not null:
                    error = $"Expected {parameter.Name} without a value; it has one.";
                    return false;
                case ServerTakeover:
                    parameters = parameters with { ServerNoContextTakeover = true };
                    break;
                case ClientTakeover:
                    parameters = parameters with { ClientNoContextTakeover = true };
                    break;
                default:
                    if (!TryParseBits(parameter.Value, out int bits))
                    {
                        string missing = parameter.Value is null ? "; it has no value" : "";
                        error = $"Expected {parameter.Name} with a number from {DeflateWindow.MinBits} to "
                            + $"{DeflateWindow.MaxBits}, without leading zeros{missing}. {Unasked(parameter.Name)}";
                        return false;
                    }

                    parameters = parameter.Name == ServerWindow
                        ? parameters with { ServerMaxWindowBits = bits }
                        : parameters with { ClientMaxWindowBits = bits };
                    break;
            }
        }

        error = null;
        return true;
    }

    public string? Contradicts(PerMessageDeflateOffer offer)
    {
        // RFC 7692 §7.1.1.1: a server accepts "by including the "server_no_context_takeover" extension parameter in the
        // corresponding" answer.
        if (!offer.ServerContextTakeover && !ServerNoContextTakeover)
        {
            return $"Expected {ServerTakeover}, which was offered. Add an offer without it to "
                + "PerMessageDeflateOptions.Alternatives, or leave ServerContextTakeover true.";
        }

        // RFC 7692 §7.1.2.1: a server accepts "with the same or smaller value as the offer".
        int serverBits = ServerMaxWindowBits ?? DeflateWindow.MaxBits;
        if (offer.ServerMaxWindowBits < DeflateWindow.MaxBits && serverBits > offer.ServerMaxWindowBits)
        {
            return $"Expected {ServerWindow} of at most {offer.ServerMaxWindowBits}, which was offered. "
                + Unasked(ServerWindow);
        }

        // RFC 7692 §7.1.2.2: "If a received extension negotiation offer doesn't have the "client_max_window_bits"
        // extension parameter, the corresponding" answer "MUST NOT include" it.
        return ClientMaxWindowBits is not null && !offer.AllowsClientMaxWindowBits
            ? $"Expected no {ClientWindow}, which was not offered. "
                + "Set PerMessageDeflateOptions.AllowsClientMaxWindowBits to true."
            : null;
    }

    private static string Unasked(string parameter) => parameter == ClientWindow
        ? "Set PerMessageDeflateOptions.AllowsClientMaxWindowBits to false, so that it is not offered."
        : "Leave PerMessageDeflateOptions.ServerMaxWindowBits at 15, or add an offer without it to Alternatives.";

    // RFC 7692 §7.1.2.1: "a decimal integer value without leading zeroes between 8 to 15, inclusive".
    private static bool TryParseBits(string? value, out int bits) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out bits)
        && bits is >= DeflateWindow.MinBits and <= DeflateWindow.MaxBits
        && value![0] != '0';
}
