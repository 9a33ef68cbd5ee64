using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;

namespace Duplex;

/// <summary>The HTTP/1.1 upgrade: one real request for a session, and every check of its answer (RFC 6455 §4.1).</summary>
/// <param name="engine">On whose behalf.</param>
/// <param name="plugin">What sends the real request on, and what to offer.</param>
/// <remarks>Thread-safe.</remarks>
internal sealed class HttpUpgrade(WebSocketEngine engine, EnginePlugin plugin)
{
    /// <summary>Refuses a version that cannot be had.</summary>
    /// <exception cref="ArgumentException">It is demanded.</exception>
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
                $"A WebSocket session is opened over HTTP/1.1, but the request demands HTTP/{version} ({policy}). Ask for 1.1, or for a higher one with RequestVersionOrLower.", nameof(version));
        }
    }

    /// <summary>Makes one attempt: a fresh key, one request, one answer.</summary>
    /// <param name="marker">The request as every handler before us has left it; it is not changed.</param>
    /// <param name="request">What the caller asked for.</param>
    /// <param name="deadline">When the handshake has taken too long.</param>
    /// <param name="token">Whoever else may end the attempt.</param>
    /// <returns>A response with an <see cref="UpgradedContent"/>; or, if its status is not 101, the server's.</returns>
    /// <exception cref="WebSocketHandshakeException">The answer is wrong, or none came in time.</exception>
    /// <exception cref="ArgumentException">The request cannot be sent.</exception>
    /// <exception cref="InvalidOperationException">An extension contradicts itself. Whatever its factory throws comes through, too.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage marker, WebSocketRequest request, HandshakeDeadline deadline, CancellationToken token)
    {
        CheckVersion(request.Version, request.VersionPolicy);

        // RFC 6455 §4.1: "The nonce MUST be selected randomly for each connection." A handler that repeats the marker makes a new handshake.
        string key = HandshakeKey.Generate();
        string[] offered = [.. (request.HasSubprotocols ? request.Subprotocols : []).Concat(HandshakeHeaders.Subprotocols(marker.Headers)).Concat(plugin.Subprotocols).Distinct(StringComparer.Ordinal)];
        EnginePlugin.CheckOffered(request, offered.Length);
        using var offer = new ExtensionOffer(plugin.ExtensionsFor(request));
        HttpRequestMessage real = CreateRequest(marker, offered, offer.HeaderValue, key);
        string target = Log.Describe(real.RequestUri!);
        Uri asked = real.RequestUri!;
        var bounds = new HandshakeBounds(deadline, engine.Below, () => PrimaryHandler.UsesProxy(plugin.Primary(), asked), plugin.Stopping, token);
        return await bounds.RunAsync(plugin.Logger, target, async any =>
        {
            HttpResponseMessage response = await HandshakeBounds.WaitAsync(plugin.Send(real, any), any).ConfigureAwait(false);
            HttpResponseMessage answer = await JudgeAsync(response, marker, request, asked, offered, offer, key, any).ConfigureAwait(false);
            if (answer.Content is UpgradedContent)
                Forget(real, marker);
            return answer;
        }).ConfigureAwait(false);
    }

    /// <summary>The exception for an answer with another status, with the beginning of its body.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="token">Ends the reading of the body, not the rest.</param>
    public static async Task<WebSocketHandshakeException> RejectionAsync(HttpResponseMessage response, CancellationToken token)
    {
        HandshakeFailure failure = HandshakeRefusals.ByStatus((int)response.StatusCode).Failure(("status", TransportRefusal.Describe(response.StatusCode)));
        string? preview = await BodyPreview.ReadAsync(response.Content, token).ConfigureAwait(false);
        string wait = RetryAfter(response.Headers) is { } when ? $" {HandshakeRefusals.RetryAfter.Replace("{wait}", when, StringComparison.Ordinal)}" : "";
        string body = string.IsNullOrWhiteSpace(preview) ? "" : $" {HandshakeRefusals.SeeBody}";
        return new WebSocketHandshakeException(failure with { Message = failure.Message + wait + body }, new WebSocketHandshakeResponse(response), preview);
    }

    // The platform keeps a request for as long as its connection. Headers and handlers' options would stay in memory with
    // the session. A primary handler of another kind, such as a test's, may still look at the request.
    private void Forget(HttpRequestMessage real, HttpRequestMessage marker)
    {
        if (plugin.Primary() is not (SocketsHttpHandler or HttpClientHandler))
            return;
        real.Headers.Clear();
        if (((ICollection<KeyValuePair<string, object?>>)marker.Options).Count > 1) // more than the mark
            ((ICollection<KeyValuePair<string, object?>>)real.Options).Clear();
    }

    // As it was understood, not as it was written: a number of seconds or a date cannot hold a secret.
    private static string? RetryAfter(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } seconds } => $"{HandshakeBounds.Seconds(seconds)} s",
        { Date: { } date } => date.ToString("R", CultureInfo.InvariantCulture),
        _ => null,
    };

    private static HttpRequestMessage CreateRequest(HttpRequestMessage marker, string[] subprotocols, string? extensions, string key)
    {
        HandshakeHeaders.CheckValues(marker.Headers);
        var request = new HttpRequestMessage(HttpMethod.Get, WebSocketUri.Resolve(marker.RequestUri, baseAddress: null))
        {
            // "OrHigher" or an HTTP/2 version would be an ordinary GET over HTTP/2 where the server speaks it.
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        // RFC 6455 §4.1, the requirements 5 to 10 of the opening handshake.
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
            // Without the mark it is an ordinary request, which a second plugin below lets pass. Without an option it has none to keep for as long as the session.
            if (name != EnginePlugin.Mark)
                ((IDictionary<string, object?>)request.Options)[name] = value;
        }

        return request;
    }

    private async Task<HttpResponseMessage> JudgeAsync(
        HttpResponseMessage response, HttpRequestMessage marker, WebSocketRequest request, Uri asked, string[] offered, ExtensionOffer offer, string key, CancellationToken token)
    {
        ExtensionChain? extensions = null;
        try
        {
            var answer = new WebSocketHandshakeResponse(response);
            if (response.RequestMessage?.RequestUri is { } answering && !WebSocketUri.IsSame(answering, asked))
                throw new WebSocketHandshakeException(HandshakeRefusals.SentElsewhere.Failure(), answer, bodyPreview: null);

            if (response.StatusCode != HttpStatusCode.SwitchingProtocols)
            {
                // Handlers before us see it as any other answer: one may fetch a new token, and send the marker again.
                response.RequestMessage = marker;
                return response;
            }

            if (!Rules(response).TryAccept(key, offered, offer.Names, out HandshakeAgreement? agreement, out HandshakeFailure? failure)
                || !TryAccept(offer, agreement, out extensions, out failure))
            {
                throw new WebSocketHandshakeException(failure, answer, bodyPreview: null);
            }

            if (EnginePlugin.CheckChosen(request, agreement.Subprotocol, offered) is { } none)
                throw new WebSocketHandshakeException(none, answer, bodyPreview: null);

            Stream stream = await response.Content.ReadAsStreamAsync(token).WaitAsync(token).ConfigureAwait(false);
            if (stream is not { CanRead: true, CanWrite: true })
                throw new WebSocketHandshakeException((IsDecompressed(response, stream) ? HandshakeRefusals.Decompressed : HandshakeRefusals.NoDuplexStream).Failure(), answer, bodyPreview: null);
            if (agreement.Leniencies != HandshakeLeniencies.None)
                Log.Safely(() => Log.HandshakeLenient(plugin.Logger, Log.Describe(asked), agreement.Leniencies));

            // The response is the session's from here on, and would keep the request's headers with it.
            response.RequestMessage = null;
            var requested = new WebSocketHandshakeRequest(asked, request, offered, marker.Headers);
            var opened = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                Version = response.Version,
                RequestMessage = marker,
                Content = new UpgradedContent(new UpgradedConnection(stream, response, new WebSocketCall(engine, requested, answer, agreement.Subprotocol), extensions)),
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

    // What an extension throws here is a failed handshake, too.
    private static bool TryAccept(ExtensionOffer offer, HandshakeAgreement agreement, out ExtensionChain? extensions, [NotNullWhen(false)] out HandshakeFailure? failure)
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

    // The platform takes Content-Encoding off what it decompresses, and has no public type for it: it shows in a content of its own over a handler that is set to decompress.
    private bool IsDecompressed(HttpResponseMessage response, Stream stream) =>
        stream is GZipStream or DeflateStream or ZLibStream or BrotliStream
        || (PrimaryHandler.Decompresses(plugin.Primary()) && response.Content.GetType() is { IsVisible: false } content && content.Assembly == typeof(HttpClient).Assembly);

    private UpgradeResponse Rules(HttpResponseMessage response)
    {
        return new UpgradeResponse
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

        string[] Values(string name) => response.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) ? [.. values] : [];
    }
}
