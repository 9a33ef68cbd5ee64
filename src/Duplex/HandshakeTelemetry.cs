using System.Diagnostics;
using System.Net;

namespace Duplex;

/// <summary>Reports one handshake: its duration, and its span, which is the current one meanwhile.</summary>
/// <remarks>A listener or a meter factory that throws changes nothing.</remarks>
internal sealed class HandshakeTelemetry
{
    private readonly Activity? _span;

    public HandshakeTelemetry()
    {
        try
        {
            _span = Spans.StartHandshake();
        }
        catch (Exception) // a listener's own
        {
        }
    }

    public void Succeeded(
        WebSocketsOptions options, TimeSpan elapsed, Uri target, HttpStatusCode? status, string? subprotocol) =>
        Report(options, elapsed, target, new Spans.Handshake(status), subprotocol);

    /// <param name="options">The plugin's; null if the client has none.</param>
    /// <param name="elapsed">The duration.</param>
    /// <param name="target">The address that the plugin got; without a plugin, that of the call.</param>
    /// <param name="error">What the caller gets.</param>
    public void Failed(WebSocketsOptions? options, TimeSpan elapsed, Uri target, Exception error)
    {
        var refusal = error as WebSocketHandshakeException;
        Report(
            options, elapsed, target,
            new Spans.Handshake(refusal?.StatusCode, error.GetType().FullName, refusal?.Check.ToString()));
    }

    private void Report(
        WebSocketsOptions? options, TimeSpan elapsed, Uri target, Spans.Handshake outcome, string? subprotocol = null)
    {
        Log.Safely(() =>
        {
            // A factory of the user's may throw, too: after its disposal, for example.
            if (options is not null && Instruments.Of(options.MeterFactory).HandshakeDuration is { Enabled: true } it)
                it.Record(elapsed.TotalSeconds, Tags(target, outcome));
        });
        if (_span is not null)
            Log.Safely(() => Spans.EndHandshake(_span, target, outcome, subprotocol));
    }

    private static TagList Tags(Uri target, Spans.Handshake outcome)
    {
        TagList tags = default;
        new ServerTags(target).AddTo(ref tags);
        foreach ((string name, object? value) in outcome.Tags())
            tags.Add(name, value);
        return tags;
    }
}
