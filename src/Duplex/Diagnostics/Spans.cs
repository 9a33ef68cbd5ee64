using System.Diagnostics;
using System.Net;

namespace Duplex;

/// <summary>
/// The spans of handshakes and sessions. Names and attributes are a contract: docs/how-to/telemetry.md. None contains a
/// query, user info, a header value or a payload.
/// </summary>
internal static class Spans
{
    private static readonly ActivitySource Source = new(Instruments.Name, Instruments.Version);

    /// <summary>Starts the span of a handshake, as the parent of the request's own; null without a listener.</summary>
    public static Activity? StartHandshake() => Source.StartActivity("websocket handshake", ActivityKind.Client);

    public static void EndHandshake(Activity span, Uri target, Handshake outcome, string? subprotocol)
    {
        Describe(span, target, new ServerTags(target));
        foreach ((string name, object? value) in outcome.Tags())
            span.SetTag(name, value);
        if (subprotocol is not null && NameDisclosure.IsHarmless(subprotocol))
            span.SetTag("duplex.subprotocol", subprotocol);
        if (outcome.Error is not null)
            span.SetStatus(ActivityStatusCode.Error, outcome.Check);
        span.Dispose();
    }

    /// <summary>Starts the span of a session. It does not become the caller's current one.</summary>
    public static Activity? StartSession(Uri? target, ServerTags? server, string id)
    {
        Activity? current = Activity.Current;
        Activity? span;
        try
        {
            span = Source.StartActivity("websocket session", ActivityKind.Client);
        }
        finally
        {
            Activity.Current = current;
        }

        if (span is null)
            return null;
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
        try
        {
            span.Dispose(); // sets the current one
        }
        finally
        {
            Activity.Current = current;
        }
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

    /// <summary>How a handshake went, as its span and its duration show it.</summary>
    /// <param name="Status">The response's; null without one.</param>
    /// <param name="Error">The exception's type; null for success.</param>
    /// <param name="Check">The check that failed; null for none.</param>
    public readonly record struct Handshake(HttpStatusCode? Status, string? Error = null, string? Check = null)
    {
        public IEnumerable<KeyValuePair<string, object?>> Tags()
        {
            if (Status is { } status)
                yield return new("http.response.status_code", (int)status);
            if (Error is not null)
                yield return new("error.type", Error);
            if (Check is not null)
                yield return new("duplex.handshake.check", Check);
        }
    }
}
