using System.Diagnostics;
using System.Net;

namespace Duplex;

/// <summary>Reports one handshake: its duration, and its span, which is the current one meanwhile.</summary>
/// <remarks>A listener that throws changes nothing.</remarks>
internal sealed class HandshakeTelemetry
{
    private readonly ServerTags _server;
    private readonly Activity? _span;

    public HandshakeTelemetry(Uri target)
    {
        _server = new ServerTags(target);
        try
        {
            _span = Spans.StartHandshake(target, _server);
        }
        catch (Exception) // a listener's own
        {
        }
    }

    public void Succeeded(Instruments instruments, TimeSpan elapsed, HttpStatusCode? status, string? subprotocol) =>
        Report(instruments, elapsed, new Spans.Handshake(status), subprotocol);

    /// <param name="instruments">Null if the client has no plugin.</param>
    /// <param name="elapsed">The duration.</param>
    /// <param name="error">What the caller gets.</param>
    public void Failed(Instruments? instruments, TimeSpan elapsed, Exception error)
    {
        var refusal = error as WebSocketHandshakeException;
        Report(
            instruments, elapsed,
            new Spans.Handshake(refusal?.StatusCode, error.GetType().FullName, refusal?.Check.ToString()));
    }

    private void Report(
        Instruments? instruments, TimeSpan elapsed, Spans.Handshake outcome, string? subprotocol = null)
    {
        if (instruments is { HandshakeDuration.Enabled: true })
            Log.Safely(() => instruments.HandshakeDuration.Record(elapsed.TotalSeconds, Tags(outcome)));
        if (_span is not null)
            Log.Safely(() => Spans.EndHandshake(_span, outcome, subprotocol));
    }

    private TagList Tags(Spans.Handshake outcome)
    {
        TagList tags = default;
        _server.AddTo(ref tags);
        foreach ((string name, object? value) in outcome.Tags())
            tags.Add(name, value);
        return tags;
    }
}
