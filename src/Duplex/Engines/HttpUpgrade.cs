using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The HTTP/1.1 upgrade: sends a session's request and checks the response (RFC 6455 §4.1).</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class HttpUpgrade() : WebSocketEngine(EngineProfile.Complete)
{
    public static void CheckVersion(Version version, HttpVersionPolicy policy)
    {
        bool will11Do = policy switch
        {
            HttpVersionPolicy.RequestVersionOrLower => version >= HttpVersion.Version11,
            HttpVersionPolicy.RequestVersionOrHigher => version <= HttpVersion.Version11,
            _ => version == HttpVersion.Version11,
        };
        if (!will11Do)
        {
            throw new ArgumentException(
                $"A WebSocket session is opened over HTTP/1.1, but the request demands HTTP/{version} ({policy}). " +
                "Ask for 1.1, or for a higher one with RequestVersionOrLower.",
                nameof(version));
        }
    }

    /// <summary>A status other than 101 is returned, not thrown: a handler above may retry.</summary>
    internal override async Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request, HandshakeDeadline deadline,
        CancellationToken token)
    {
        CheckVersion(request.Version, request.VersionPolicy);

        // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection."
        string key = HandshakeKey.Generate();
        string[] offered =
        [
            .. (request.HasSubprotocols ? request.Subprotocols : [])
                .Concat(HandshakeHeaders.Subprotocols(marker.Headers))
                .Concat(plugin.Subprotocols)
                .Distinct(StringComparer.Ordinal),
        ];
        EnginePlugin.CheckOffered(request, offered.Length);
        using var offer = new ExtensionOffer(plugin.ExtensionsFor(request));
        HttpRequestMessage real = CreateRequest(marker, offered, offer.HeaderValue, key);
        string target = Log.Describe(real.RequestUri!);
        Uri asked = real.RequestUri!;
        var bounds = new HandshakeBounds(
            deadline, Below, () => PrimaryHandler.UsesProxy(plugin.Primary(), asked), plugin.Stopping, token);
        return await bounds.RunAsync(plugin.Logger, target, async any =>
        {
            HttpResponseMessage response = await HandshakeBounds.WaitAsync(
                plugin.Send(real, any), any).ConfigureAwait(false);
            HttpResponseMessage answer = await JudgeAsync(
                plugin, response, marker, request, asked, offered, offer, key, any).ConfigureAwait(false);
            if (answer.Content is UpgradedContent)
                Forget(plugin, real, marker);
            return answer;
        }).ConfigureAwait(false);
    }

    public static async Task<WebSocketHandshakeException> RejectionAsync(
        HttpResponseMessage response, CancellationToken token)
    {
        HandshakeFailure failure = HandshakeRefusals.ByStatus((int)response.StatusCode).Failure(
            ("status", TransportRefusal.Describe(response.StatusCode)));
        string? preview = await BodyPreview.ReadAsync(response.Content, token).ConfigureAwait(false);
        string wait = RetryAfter(response.Headers) is { } when
            ? $" {HandshakeRefusals.RetryAfter.Replace("{wait}", when, StringComparison.Ordinal)}"
            : "";
        string body = string.IsNullOrWhiteSpace(preview) ? "" : $" {HandshakeRefusals.SeeBody}";
        return new WebSocketHandshakeException(
            failure with { Message = failure.Message + wait + body },
            new WebSocketHandshakeResponse(response),
            preview);
    }

    // The platform keeps a request, with its headers, as long as its connection. Other primary handlers may need it.
    private static void Forget(EnginePlugin plugin, HttpRequestMessage real, HttpRequestMessage marker)
    {
        if (plugin.Primary() is not (SocketsHttpHandler or HttpClientHandler))
            return;
        real.Headers.Clear();
        if (((ICollection<KeyValuePair<string, object?>>)marker.Options).Count > 1) // more than the mark
            ((ICollection<KeyValuePair<string, object?>>)real.Options).Clear();
    }

    // The parsed value: the text may hold a secret.
    private static string? RetryAfter(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } seconds } => $"{HandshakeBounds.Seconds(seconds)} s",
        { Date: { } date } => date.ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };

    private static HttpRequestMessage CreateRequest(
        HttpRequestMessage marker, string[] subprotocols, string? extensions, string key)
    {
        HandshakeHeaders.CheckValues(marker.Headers);
        var request = new HttpRequestMessage(HttpMethod.Get, WebSocketUri.Resolve(marker.RequestUri, baseAddress: null))
        {
            // "OrHigher" or HTTP/2 would become an ordinary GET at an HTTP/2 server.
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        // RFC 6455 §4.1, requirements 5 to 10.
        request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
        request.Headers.TryAddWithoutValidation("Upgrade", "websocket");
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Version", UpgradeRequest.ProtocolVersion);
        request.Headers.TryAddWithoutValidation("Sec-WebSocket-Key", key);
        if (subprotocols.Length > 0)
            request.Headers.TryAddWithoutValidation(HandshakeHeaders.Protocol, SubprotocolList.Format(subprotocols));
        if (extensions is not null)
            request.Headers.TryAddWithoutValidation(HandshakeHeaders.Extensions, extensions);
        HandshakeHeaders.Copy(marker.Headers, request.Headers);
        foreach ((string name, object? value) in marker.Options)
        {
            // Without the mark, a second plugin below passes it on.
            if (name != EnginePlugin.Mark)
                ((IDictionary<string, object?>)request.Options)[name] = value;
        }

        return request;
    }

    private async Task<HttpResponseMessage> JudgeAsync(
        EnginePlugin plugin, HttpResponseMessage response,
        HttpRequestMessage marker,
        WebSocketRequest request,
        Uri asked,
        string[] offered,
        ExtensionOffer offer,
        string key,
        CancellationToken token)
    {
        ExtensionChain? extensions = null;
        try
        {
            var answer = new WebSocketHandshakeResponse(response);
            if (response.RequestMessage?.RequestUri is { } answering && !WebSocketUri.IsSame(answering, asked))
            {
                throw new WebSocketHandshakeException(
                    HandshakeRefusals.SentElsewhere.Failure(), answer, bodyPreview: null);
            }

            if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
            {
                response.RequestMessage = marker;
                return response;
            }

            if (!Rules(plugin, response).TryAccept(
                    key, offered, offer.Names, out HandshakeAgreement? agreement, out HandshakeFailure? failure)
                || !TryAccept(offer, agreement, out extensions, out failure))
            {
                throw new WebSocketHandshakeException(failure, answer, bodyPreview: null);
            }

            if (EnginePlugin.CheckChosen(request, agreement.Subprotocol, offered) is { } none)
                throw new WebSocketHandshakeException(none, answer, bodyPreview: null);

            Stream stream = await response.Content.ReadAsStreamAsync(token).WaitAsync(token).ConfigureAwait(false);
            if (stream is not { CanRead: true, CanWrite: true })
            {
                HandshakeRefusal row = IsDecompressed(plugin, response, stream)
                    ? HandshakeRefusals.Decompressed
                    : HandshakeRefusals.NoDuplexStream;
                throw new WebSocketHandshakeException(row.Failure(), answer, bodyPreview: null);
            }

            if (agreement.Leniencies != HandshakeLeniencies.None)
                Log.Safely(() => Log.HandshakeLenient(plugin.Logger, Log.Describe(asked), agreement.Leniencies));

            // The session keeps the response, which would keep the request's headers.
            response.RequestMessage = null;
            var requested = new WebSocketHandshakeRequest(asked, request, offered, marker.Headers);
            var opened = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                Version = response.Version,
                RequestMessage = marker,
                Content = new UpgradedContent(new UpgradedConnection(
                    stream,
                    response,
                    new WebSocketCall(this, requested, answer, agreement.Subprotocol),
                    extensions)),
            };
            foreach ((string name, HeaderStringValues values) in response.Headers.NonValidated)
                opened.Headers.TryAddWithoutValidation(name, values);
            return opened;
        }
        catch
        {
            extensions?.Release();
            response.Dispose();
            throw;
        }
    }

    private static bool TryAccept(
        ExtensionOffer offer,
        HandshakeAgreement agreement,
        out ExtensionChain? extensions,
        [NotNullWhen(false)] out HandshakeFailure? failure)
    {
        try
        {
            return offer.TryAccept(agreement.Extensions, out extensions, out failure);
        }
        catch (Exception e)
        {
            throw new WebSocketHandshakeException(HandshakeRefusals.ExtensionThrew.Failure(), e);
        }
    }

    // The platform removes Content-Encoding, and has an internal type for decompressed content.
    private static bool IsDecompressed(EnginePlugin plugin, HttpResponseMessage response, Stream stream) =>
        stream is GZipStream or DeflateStream or ZLibStream or BrotliStream
        || (PrimaryHandler.Decompresses(plugin.Primary())
            && response.Content.GetType() is { IsVisible: false } content
            && content.Assembly == typeof(HttpClient).Assembly);

    private static HandshakeResponseRules Rules(EnginePlugin plugin, HttpResponseMessage response)
    {
        return new HandshakeResponseRules
        {
            StatusCode = (int)response.StatusCode,
            Strictness = plugin.Strictness,
            HttpVersion = response.Version,
            Upgrade = Values("Upgrade"),
            Connection = Values("Connection"),
            SecWebSocketAccept = Values("Sec-WebSocket-Accept"),
            SecWebSocketProtocol = Values(HandshakeHeaders.Protocol),
            SecWebSocketExtensions = Values(HandshakeHeaders.Extensions),
        };

        string[] Values(string name) =>
            response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? [.. values] : [];
    }
}
