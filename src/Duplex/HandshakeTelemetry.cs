using System.Diagnostics;
using System.Net;

namespace Duplex;

/// <summary>Reports one handshake: its span, which is the current one meanwhile, and its duration.</summary>
/// <remarks>A listener that throws changes nothing.</remarks>
internal sealed class HandshakeTelemetry(Uri target) : IDisposable
{
    private readonly Activity? _span = Spans.StartHandshake(target);

    public void Succeeded(Instruments instruments, TimeSpan elapsed, HttpStatusCode? status, string? subprotocol)
    {
        Record(instruments, elapsed, status, error: null, check: null);
        if (_span is not null)
            Spans.EndHandshake(_span, status, error: null, check: null, subprotocol);
    }

    /// <param name="instruments">Null if the client has no plugin.</param>
    /// <param name="elapsed">The duration.</param>
    /// <param name="error">What the caller gets.</param>
    public void Failed(Instruments? instruments, TimeSpan elapsed, Exception error)
    {
        var refusal = error as WebSocketHandshakeException;
        string type = error.GetType().FullName!;
        string? check = refusal?.Check.ToString();
        Record(instruments, elapsed, refusal?.StatusCode, type, check);
        if (_span is not null)
            Spans.EndHandshake(_span, refusal?.StatusCode, type, check, subprotocol: null);
    }

    public void Dispose() => _span?.Dispose();

    private void Record(
        Instruments? instruments, TimeSpan elapsed, HttpStatusCode? status, string? error, string? check)
    {
        if (instruments is null || !instruments.HandshakeDuration.Enabled)
            return;
        Log.Safely(() =>
        {
            TagList tags = default;
            new ServerTags(target).AddTo(ref tags);
            if (status is { } code)
                tags.Add("http.response.status_code", (int)code);
            if (error is not null)
                tags.Add("error.type", error);
            if (check is not null)
                tags.Add("duplex.handshake.check", check);
            instruments.HandshakeDuration.Record(elapsed.TotalSeconds, tags);
        });
    }
}
