using System.Net;

namespace Duplex;

/// <summary>
/// Opens a connection through an <see cref="HttpClient"/>. Every failure becomes one of our exceptions; only the
/// caller's token leads to a cancellation.
/// </summary>
internal static class HandshakeClient
{
    // A timer fires up to so much before its time, by the clock that measures it.
    private static readonly TimeSpan TimerResolution = TimeSpan.FromMilliseconds(20);

    /// <param name="client">The client.</param>
    /// <param name="request">What to open.</param>
    /// <param name="reached">Gets the options of the plugin, if the request reached it, before the call ends.</param>
    /// <param name="token">Cancels the handshake.</param>
    /// <returns>The caller owns the connection.</returns>
    public static async Task<(OpenedConnection Connection, WebSocketsOptions Options)> ConnectAsync(
        HttpClient client, WebSocketRequest request, Action<WebSocketsOptions>? reached, CancellationToken token)
    {
        ArgumentNullException.ThrowIfNull(client);
        request.UseDefaults(client.DefaultRequestVersion, client.DefaultVersionPolicy);
        Uri target = WebSocketUri.Resolve(
            request.Uri, client.BaseAddress, request.IsSecureOnly, mayNameService: true);
        request.LocalSocket = LocalSocket.Of(target);
        Prepare(request, client);
        token.ThrowIfCancellationRequested();

        using var attempt = new HandshakeAttempt(request, token);
        var telemetry = new HandshakeTelemetry();
        try
        {
            OpenedConnection connection = await ConnectAsync(client, attempt, target, token).ConfigureAwait(false);
            reached?.Invoke(attempt.Options!);
            telemetry.Succeeded(
                attempt.Options!, attempt.Elapsed, connection.Call.Request.Uri,
                connection.Call.Response?.StatusCode, connection.Call.Subprotocol);
            return (connection, attempt.Options!);
        }
        catch (Exception e)
        {
            if (attempt.Options is { } plugin)
                reached?.Invoke(plugin);
            telemetry.Failed(attempt.Options, attempt.Elapsed, attempt.Target ?? target, e);
            throw;
        }
    }

    private static async Task<OpenedConnection> ConnectAsync(
        HttpClient client, HandshakeAttempt attempt, Uri target, CancellationToken token)
    {
        using HttpResponseMessage response = await SendAsync(client, attempt, target, token).ConfigureAwait(false);
        if (response.Content is OpenedContent content && content.TryTake() is { } connection)
            return connection;
        if (attempt.Options is null)
            throw NotInstalled(null);
        if (response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            throw new InvalidOperationException(
                "A handler above WebSocketsHandler replaced the response of a WebSocket handshake, or its content, " +
                "which is the session itself. " +
                "Let that handler pass responses with status 101 on as they are.");
        }

        // HttpClient.Timeout covers the headers only; a rejection's body gets the same time again.
        using var patience = new CancellationTokenSource(client.Timeout, attempt.Options.TimeProvider);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(token, attempt.Deadline.Token, patience.Token);
        WebSocketHandshakeException rejection = await StatusRefusal.OfAsync(
            response, any.Token).ConfigureAwait(false);
        token.ThrowIfCancellationRequested();
        throw rejection;
    }

    private static void Prepare(WebSocketRequest request, HttpClient client)
    {
        if (request is { IsRaw: true, ReceiveMode: not ReceiveMode.Messages })
        {
            throw new ArgumentException(
                "A raw session receives the frames of the wire, not messages. Leave ReceiveMode as it " +
                "is, or open a default session.");
        }

        if (request is { IsRaw: true, Compression: not null })
        {
            throw new ArgumentException(
                "A raw session has no extensions, so it is not compressed. Leave Compression unset, or open a " +
                "default session.");
        }

        if (request.HasHeaders)
            HandshakeHeaders.Check(request.CreatedHeaders);
        HandshakeHeaders.CheckValues(client.DefaultRequestHeaders);
        if (!request.HasHeaders)
            return;
        foreach (string subprotocol in HandshakeHeaders.Subprotocols(request.CreatedHeaders))
        {
            if (!request.Subprotocols.Contains(subprotocol))
                request.Subprotocols.Add(subprotocol);
        }

        request.CreatedHeaders.Remove(HandshakeHeaders.Protocol);
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, HandshakeAttempt attempt, Uri target, CancellationToken token)
    {
        long began = TimeProvider.System.GetTimestamp(); // HttpClient.Timeout is in real time
        try
        {
            // Headers only: the content is the session.
            return await client.SendAsync(
                attempt.CreateMarker(target), HttpCompletionOption.ResponseHeadersRead, token).ConfigureAwait(false);
        }
        catch (Exception e) when (
            token.IsCancellationRequested
            && e is (OperationCanceledException or WebSocketHandshakeException or HttpRequestException or IOException))
        {
            // The client's handlers may have replaced the cancellation.
            throw new OperationCanceledException("The WebSocket handshake was cancelled by its caller.", e, token);
        }
        catch (OperationCanceledException e)
            when (e.InnerException is TimeoutException && IsOver(client.Timeout, began))
        {
            HandshakeFailure? late = await HandshakeBounds.WhyLateAsync(
                attempt.Deadline, "HttpClient.Timeout", client.Timeout).ConfigureAwait(false);
            throw new WebSocketHandshakeException(
                late ?? HandshakeRefusals.ClientTimeout.Failure(("timeout", HandshakeBounds.Seconds(client.Timeout))),
                e);
        }
        catch (OperationCanceledException e)
        {
            throw new WebSocketHandshakeException(HandshakeRefusals.GivenUpAbove.Failure(), e);
        }
        catch (ObjectDisposedException e)
        {
            throw new WebSocketHandshakeException(HandshakeRefusals.ClientDisposed.Failure(), e);
        }
        catch (NotSupportedException e) when (attempt.Options is null)
        {
            throw NotInstalled(e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Failed(e, attempt);
        }
    }

    // A handler above may use a client of its own, whose timeout looks the same.
    private static bool IsOver(TimeSpan timeout, long began) =>
        timeout != Timeout.InfiniteTimeSpan && TimeProvider.System.GetElapsedTime(began) > timeout - TimerResolution;

    private static WebSocketHandshakeException Failed(Exception error, HandshakeAttempt attempt)
    {
        HandshakeAttempt.Origin? origin = HandshakeAttempt.OriginOf(error);
        Exception cause = origin?.Error ?? error;
        if (TransportRefusal.FindProxys(cause) is null
            && cause is HttpRequestException { StatusCode: { } status }
            && (origin is not null || attempt.Answered == status)) // else of a request of the handler's own
        {
            HandshakeRefusal row = origin is null ? HandshakeRefusals.StatusAbove : HandshakeRefusals.StatusBelow;
            return new WebSocketHandshakeException(
                row.Failure(("below", origin?.Below ?? ""), ("status", TransportRefusal.Describe(status))),
                error,
                status);
        }

        return origin is null
            ? new WebSocketHandshakeException(HandshakeRefusals.AboveThrew.Failure(), error)
            : TransportRefusal.Of(cause, origin.ThroughProxy, error);
    }

    private static InvalidOperationException NotInstalled(Exception? inner) => new(
        "The HttpClient has no WebSockets plugin. Create it with one, new HttpClient(new WebSocketsHandler()), or " +
        "call AddWebSockets on its factory's builder (package Duplex.Extensions.DependencyInjection). " +
        "If there is one, a handler above it answered, or copied the request without its Options.", inner);
}
