using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.Versioning;

namespace Duplex;

/// <summary>
/// Opens a session through the handlers below the plugin: by an upgrade of HTTP/1.1, or as a stream of HTTP/2.
/// </summary>
/// <remarks>Thread-safe.</remarks>
[UnsupportedOSPlatform("browser")]
internal sealed class HttpEngine() : WebSocketEngine(EngineProfile.Complete)
{
    /// <summary>A response that does not open the session is returned, not thrown: a handler above may retry.</summary>
    internal override async Task<HttpResponseMessage> OpenAsync(
        EnginePlugin plugin, HttpRequestMessage marker, WebSocketRequest request, HandshakeDeadline deadline,
        CancellationToken token)
    {
        if (OperatingSystem.IsBrowser())
        {
            throw new PlatformNotSupportedException(
                "WebSocketEngines.Http does not work in a browser, which gives a page no connection of its own. " +
                "Leave WebSocketsOptions.Engine unset: its default fits the platform.");
        }

        Uri asked = WebSocketUri.Resolve(marker.RequestUri, baseAddress: null);
        bool isSecure = asked.Scheme == "wss";
        IReadOnlyList<Version> versions = HttpVersions.ToTry(request.Version, request.VersionPolicy, isSecure);
        string[] offered = [.. plugin.Offered(marker, request)];
        EnginePlugin.CheckOffered(request, offered.Length);
        string target = Log.Describe(LocalSocket.Restore(asked, request.LocalSocket));
        int tried = 0;
        var bounds = new HandshakeBounds(
            deadline, Below, () => Silent(plugin, asked, versions[tried]), plugin.Stopping, token);
        return await bounds.RunAsync(plugin.Logger, target, async any =>
        {
            while (true)
            {
                try
                {
                    return await TryAsync(
                        plugin, marker, request, asked, offered, versions[tried], any).ConfigureAwait(false);
                }
                catch (Exception e)
                    when (versions[tried] == HttpVersion.Version20 && HttpVersions.IsHttp2Missing(e, isSecure))
                {
                    if (tried == versions.Count - 1)
                        throw new WebSocketHandshakeException(HandshakeRefusals.NoHttp2.Failure(), e);
                    tried++;
                    Log.Safely(() => Log.HandshakeFellBack(plugin.Logger, target));
                }
            }
        }).ConfigureAwait(false);
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

    // A handler below with one HTTP/2 connection waits, without an error, for one of the streams that a server allows.
    private static HandshakeRefusal Silent(EnginePlugin plugin, Uri asked, Version version) =>
        PrimaryHandler.UsesProxy(plugin.Primary(), asked) ? HandshakeRefusals.SilentThroughProxy
        : version == HttpVersion.Version20
            && plugin.Primary() is SocketsHttpHandler { EnableMultipleHttp2Connections: false } or HttpClientHandler
            ? HandshakeRefusals.SilentOverHttp2
        : HandshakeRefusals.Silent;

    private async Task<HttpResponseMessage> TryAsync(
        EnginePlugin plugin,
        HttpRequestMessage marker,
        WebSocketRequest request,
        Uri asked,
        string[] offered,
        Version version,
        CancellationToken token)
    {
        HttpHandshake handshake = version == HttpVersion.Version20 ? new ExtendedConnect() : new HttpUpgrade();
        using var offer = new ExtensionOffer(plugin.ExtensionsFor(request));
        HttpRequestMessage real = handshake.CreateRequest(asked, marker, offered, offer.HeaderValue);
        if (request.LocalSocket is { } local && local.IsAt(asked))
            local.Address(real);
        HttpResponseMessage response = await HandshakeBounds.WaitAsync(
            plugin.Send(real, token), token).ConfigureAwait(false);
        HttpResponseMessage answer = await JudgeAsync(
            plugin, handshake, response, marker, request, asked, offered, offer, token).ConfigureAwait(false);
        if (answer.Content is OpenedContent content)
        {
            Forget(plugin, real, marker);
            if (TakeableStream.IsInstalled(plugin.Primary()) && IsPlatforms(response.Content))
                answer.Content = await TakeAsync(content).ConfigureAwait(false);
        }

        return answer;
    }

    // HttpClient's part of the connection has done its work.
    private static async ValueTask<OpenedContent> TakeAsync(OpenedContent content)
    {
        if (content.TryTake() is not { } opened)
            return content;
        try
        {
            // Not of HTTP/2, or wrapped by a handler below.
            if (!IsPlatforms(opened.Stream))
                return new OpenedContent(opened);
            (Stream stream, bool isTaken) = await TakeableStream.TakeAsync(opened.Stream).ConfigureAwait(false);
            if (!isTaken)
                return new OpenedContent(opened with { Stream = stream });
            IDisposable response = opened.Owner;
            opened = opened with { Stream = stream, Owner = stream };
            response.Dispose();
            return new OpenedContent(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private async Task<HttpResponseMessage> JudgeAsync(
        EnginePlugin plugin,
        HttpHandshake handshake,
        HttpResponseMessage response,
        HttpRequestMessage marker,
        WebSocketRequest request,
        Uri asked,
        string[] offered,
        ExtensionOffer offer,
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

            if (response.StatusCode != handshake.Success)
            {
                response.RequestMessage = marker;
                return response;
            }

            if (!handshake.TryAccept(
                    response, plugin.Strictness, offered, offer.Names, out HandshakeAgreement? agreement,
                    out HandshakeFailure? failure)
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

            Uri shown = LocalSocket.Restore(asked, request.LocalSocket);
            if (agreement.Leniencies != HandshakeLeniencies.None)
                Log.Safely(() => Log.HandshakeLenient(plugin.Logger, Log.Describe(shown), agreement.Leniencies));

            // The session keeps the response, which would keep the request's headers.
            response.RequestMessage = null;
            var requested = new WebSocketHandshakeRequest(shown, request, offered, marker.Headers);
            var opened = new HttpResponseMessage(HttpStatusCode.SwitchingProtocols)
            {
                Version = response.Version,
                RequestMessage = marker,
                Content = new OpenedContent(new OpenedConnection(
                    handshake.StreamOf(stream, plugin.Time),
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
        || (PrimaryHandler.Decompresses(plugin.Primary()) && IsPlatforms(response.Content));

    // Not a user's.
    private static bool IsPlatforms(object part) =>
        part.GetType() is { IsVisible: false } type && type.Assembly == typeof(HttpClient).Assembly;
}
