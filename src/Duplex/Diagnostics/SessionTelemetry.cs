using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>What one session reports: log lines, metrics and, where asked for, its span.</summary>
/// <remarks>Thread-safe. A logger or listener that throws changes nothing.</remarks>
internal sealed class SessionTelemetry
{
    // Incremented atomically.
    private static long _last;

    private readonly long _number = Interlocked.Increment(ref _last);
    private readonly ILogger _logger;
    private readonly Uri? _target;
    private readonly TimeProvider _time;
    private readonly Instruments _instruments;
    private readonly Instruments.LiveSession _live;
    private readonly PerMessageDeflate? _deflate;
    private readonly bool _isTraced;

    // Set by Opened, before anything else can happen.
    private long _openedAt;
    private LinkedListNode<Instruments.LiveSession>? _registration;
    private Activity? _span;

    // Created on first use, by an atomic exchange from null.
    private TrafficReports? _reports;

    // Written by the receive loop, read by any thread. In ticks; -1 until the first pong.
    private long _lastRoundTrip = -1;

    /// <param name="sources">Where to report.</param>
    /// <param name="time">Measures durations.</param>
    /// <param name="extensions">The active ones.</param>
    /// <param name="incoming">The incoming queue.</param>
    public SessionTelemetry(
        TelemetrySources sources, TimeProvider time, IReadOnlyList<WebSocketExtension> extensions,
        IQueueDepth incoming)
    {
        _logger = sources.Logger;
        _target = sources.Target;
        _time = time;
        _instruments = sources.Instruments;
        _isTraced = sources.TracesSessions;
        _deflate = extensions.OfType<PerMessageDeflate>().FirstOrDefault();
        _live = new Instruments.LiveSession(
            _target is null ? null : _instruments.Share(new ServerTags(_target)), incoming);
    }

    /// <summary>Formatted on demand: most sessions do not need it.</summary>
    public string Id => _number.ToString(CultureInfo.InvariantCulture);

    /// <summary>For the receive loop.</summary>
    public Traffic Received { get; } = new();

    /// <summary>For the holder of the send gate.</summary>
    public Traffic Sent { get; } = new();

    private TrafficReports Reports => _reports
        ?? Interlocked.CompareExchange(ref _reports, new TrafficReports(_instruments, Server, _deflate), null)
        ?? _reports;

    private ServerTags? Server => _live.Server;

    private bool LogsDebug
    {
        get
        {
            try
            {
                return _logger.IsEnabled(LogLevel.Debug);
            }
            catch (Exception) // a logger's own
            {
                return false;
            }
        }
    }

    private string Target => _target is null ? "a stream" : Log.Describe(_target);

    public void Opened() => Log.Safely(() =>
    {
        _openedAt = _time.GetTimestamp();
        _registration = _instruments.Add(_live);
        if (_isTraced)
            _span = Spans.StartSession(_target, Server, Id);
        if (_logger.IsEnabled(LogLevel.Information))
            Log.SessionOpened(_logger, Id, Target);
    });

    /// <summary>A warning if the end was not clean; <paramref name="cause"/> must be fit for a log.</summary>
    /// <param name="result">How the session ended.</param>
    /// <param name="cause">The same in words.</param>
    /// <param name="silence">The time since the last byte was received.</param>
    public void Ended(CloseResult result, string cause, TimeSpan silence)
    {
        Log.Safely(() => LogEnd(result, cause, silence));
        ReportReceived();
        ReportSent();
        Log.Safely(() =>
        {
            if (_registration is not null)
                _instruments.Remove(_registration);
            if (_instruments.SessionDuration.Enabled)
                _instruments.SessionDuration.Record(_time.GetElapsedTime(_openedAt).TotalSeconds, EndTags(result));
        });
        Log.Safely(() =>
        {
            if (_span is { } span)
                Spans.EndSession(span, result, sent: Sent.Messages, received: Received.Messages);
        });
    }

    public void ClosedCallbackFailed(Exception exception) => Log.Safely(() =>
    {
        if (_logger.IsEnabled(LogLevel.Error))
            Log.ClosedCallbackFailed(_logger, Id, Target, exception);
    });

    public void InvalidTextReceived() => Log.OnPool(() =>
    {
        if (_logger.IsEnabled(LogLevel.Warning))
            Log.InvalidTextReceived(_logger, Id, Target);
    });

    public void IncomingStaysFull(TimeSpan duration) => Log.Safely(() =>
    {
        if (_logger.IsEnabled(LogLevel.Warning))
            Log.IncomingStaysFull(_logger, Id, Target, (long)duration.TotalSeconds);
    });

    public void PingSent()
    {
        if (LogsDebug)
            Log.OnPool(() => Log.PingSent(_logger, Id, Target));
    }

    public void PongReceived(TimeSpan roundTrip)
    {
        Volatile.Write(ref _lastRoundTrip, roundTrip.Ticks);
        Record(_instruments.PingDuration, roundTrip);
        if (LogsDebug)
            Log.OnPool(() => Log.PongReceived(_logger, Id, Target, roundTrip.TotalMilliseconds));
    }

    /// <summary>Once a batch, by the receive loop.</summary>
    public void ReportReceived()
    {
        if (_instruments.CountsTraffic)
            Report(Received);
    }

    /// <summary>Once a batch, by the thread that wrote it.</summary>
    public void ReportSent()
    {
        if (_instruments.CountsTraffic)
            Report(Sent);
    }

    /// <summary>The time at which a wait for room begins; 0 if it is not measured.</summary>
    public long SendWaitBegins() =>
        _instruments.SendWaitDuration.Enabled ? Math.Max(1, _time.GetTimestamp()) : 0;

    public void SendWaited(long began)
    {
        if (began != 0)
            Record(_instruments.SendWaitDuration, _time.GetElapsedTime(began));
    }

    public void ReceivePaused(TimeSpan duration) => Record(_instruments.ReceivePauseDuration, duration);

    // Not by Log.Safely: its delegate would be an allocation for each batch.
    private void Report(Traffic traffic)
    {
        try
        {
            if (traffic == Sent)
                Reports.AddSent(traffic);
            else
                Reports.AddReceived(traffic);
        }
        catch (Exception) // a listener's own
        {
        }
    }

    private void LogEnd(CloseResult result, string cause, TimeSpan silence)
    {
        LogLevel level = result is { WasClean: true, Error: null } ? LogLevel.Information : LogLevel.Warning;
        if (!_logger.IsEnabled(level))
            return;
        string roundTrip = Volatile.Read(ref _lastRoundTrip) is var ticks and >= 0
            ? $"{Number(TimeSpan.FromTicks(ticks).TotalMilliseconds)} ms"
            : "none";
        string sent = Code(result.Sent), received = Code(result.Received), seconds = Number(silence.TotalSeconds);
        Log.SessionEnded(
            _logger, level, Id, Target, cause, sent, received, result.DiscardedMessages, seconds, roundTrip);
    }

    private static string Code(CloseReason? reason) =>
        reason is null ? "none" : ((ushort)reason.Code).ToString(CultureInfo.InvariantCulture);

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    private TagList EndTags(CloseResult result)
    {
        TagList tags = Tags();
        foreach ((string name, object? value) in Spans.EndTags(result))
            tags.Add(name, value);
        return tags;
    }

    private TagList Tags()
    {
        TagList tags = default;
        Server?.AddTo(ref tags);
        return tags;
    }

    private void Record(Histogram<double> histogram, TimeSpan duration)
    {
        if (!histogram.Enabled)
            return;
        try
        {
            histogram.Record(duration.TotalSeconds, Tags());
        }
        catch (Exception) // a listener's own
        {
        }
    }
}
