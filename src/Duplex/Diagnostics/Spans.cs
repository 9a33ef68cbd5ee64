using System.Diagnostics;
using System.Net;

namespace Duplex;

/// <summary>
/// The spans of handshakes and sessions. Names and attributes are a contract: docs/how-to/telemetry.md. None contains a
/// query, user info, a header value or a payload.
/// </summary>
internal static class Spans
{
    private static readonly ActivitySource Source = new(Instruments.Name);

    /// <summary>Starts the span of a handshake, as the parent of the request's own; null without a listener.</summary>
    public static Activity? StartHandshake(Uri target)
    {
        Activity? span = Source.StartActivity("websocket handshake", ActivityKind.Client);
        if (span is not null)
            Describe(span, target, new ServerTags(target));
        return span;
    }

    public static void EndHandshake(
        Activity span, HttpStatusCode? status, string? error, string? check, string? subprotocol)
    {
        if (status is { } code)
            span.SetTag("http.response.status_code", (int)code);
        if (subprotocol is not null)
            span.SetTag("duplex.subprotocol", subprotocol);
        if (check is not null)
            span.SetTag("duplex.handshake.check", check);
        if (error is not null)
        {
            span.SetTag("error.type", error);
            span.SetStatus(ActivityStatusCode.Error, check);
        }

        span.Dispose();
    }

    /// <summary>Starts the span of a session. It does not become the caller's current one.</summary>
    public static Activity? StartSession(Uri? target, ServerTags? server, string id)
    {
        Activity? current = Activity.Current;
        Activity? span = Source.StartActivity("websocket session", ActivityKind.Client);
        if (span is null)
            return null;
        Activity.Current = current;
        if (target is not null && server is not null)
            Describe(span, target, server);
        span.SetTag("duplex.session.id", id);
        return span;
    }

    public static void EndSession(Activity span, CloseResult result, long sent, long received)
    {
        foreach ((string name, object? value) in EndTags(result))
            span.SetTag(name, value);
        span.SetTag("duplex.session.messages_sent", sent);
        span.SetTag("duplex.session.messages_received", received);
        span.SetTag("duplex.session.messages_discarded", result.DiscardedMessages);
        if (result.Error is not null || !result.WasClean)
            span.SetStatus(ActivityStatusCode.Error, ErrorType(result));
        Activity? current = Activity.Current;
        span.Dispose(); // sets the current one
        Activity.Current = current;
    }

    public static IEnumerable<KeyValuePair<string, object?>> EndTags(CloseResult result)
    {
        yield return new("duplex.close.initiator", result.Initiator switch
        {
            CloseInitiator.Local => "local",
            CloseInitiator.Remote => "remote",
            _ => "none",
        });
        yield return new("duplex.close.code", (int)result.Reason.Code);
        if (result.Error is not null || !result.WasClean)
            yield return new("error.type", ErrorType(result));
    }

    private static string ErrorType(CloseResult result) => result.Error?.GetType().FullName ?? "unclean";

    private static void Describe(Activity span, Uri target, ServerTags server)
    {
        server.AddTo(span);
        span.SetTag("url.full", Log.Describe(target));
        span.SetTag("network.protocol.name", "websocket");
    }
}
