using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Duplex;

/// <summary>
/// What staying connected reports: log lines and metrics. Names, never URLs, ids or texts of the peer, are tags.
/// </summary>
/// <remarks>A logger or listener that throws changes nothing.</remarks>
internal sealed class ReconnectTelemetry(string name, Dialer dialer)
{
    private Instruments Instruments => Instruments.Of(dialer.Plugin?.MeterFactory);

    private ILogger Logger => dialer.Logger;

    public void Attempted(DisconnectPhase phase, Exception? error) => Log.Safely(() =>
    {
        if (!Instruments.ReconnectAttempts.Enabled)
            return;
        TagList tags = Tags();
        tags.Add("duplex.reconnect.phase", Word(phase));
        if (error is WebSocketHandshakeException { StatusCode: { } status })
            tags.Add("http.response.status_code", (int)status);
        Instruments.ReconnectAttempts.Add(1, tags);
    });

    public void Ready(int epoch) => Log.Safely(() =>
    {
        if (Logger.IsEnabled(LogLevel.Information))
            Log.ConnectionReady(Logger, name, dialer.Target, epoch);
    });

    /// <summary>A connection that was ready has ended.</summary>
    public void Disconnected(DisconnectVerdict verdict) => Log.Safely(() =>
    {
        TagList tags = Tags();
        tags.Add("duplex.close.class", CodeClass(verdict.Close));
        Instruments.ConnectedDuration.Record(verdict.ConnectedFor.TotalSeconds, tags);
    });

    /// <summary>An attempt has failed, or a connection was lost, and this follows.</summary>
    public void Ended(DisconnectVerdict verdict) => Log.Safely(() =>
    {
        if (verdict.Phase == DisconnectPhase.Ready)
        {
            Disconnected(verdict);
            Gap(GapKind.Lost);
        }

        if (verdict.NextDelay is { } delay)
        {
            TagList tags = Tags();
            tags.Add("duplex.reconnect.delay.source", Word(verdict.DelaySource));
            Instruments.ReconnectDelay.Record(delay.TotalSeconds, tags);
            if (Logger.IsEnabled(LogLevel.Warning))
                Log.ConnectionLost(
                    Logger, name, dialer.Target, verdict.Phase.ToString(), verdict.Why, delay.TotalSeconds);
        }
        else if (Logger.IsEnabled(LogLevel.Error))
        {
            Log.ConnectionGivenUp(Logger, name, dialer.Target, verdict.Phase.ToString(), verdict.Why);
        }
    });

    /// <summary>A connection takes the place of one that was too old, or was lost meanwhile.</summary>
    public void Replaced(Connection connection, GapKind gap) => Log.Safely(() =>
    {
        Gap(gap);
        if (Logger.IsEnabled(LogLevel.Information))
            Log.ConnectionRotated(Logger, name, dialer.Target, connection.Epoch);
    });

    public void RotationFailed(DisconnectVerdict failure, TimeSpan pause) => Log.Safely(() =>
    {
        if (Logger.IsEnabled(LogLevel.Warning))
        {
            Log.RotationFailed(
                Logger, name, dialer.Target, failure.Phase.ToString(), DisconnectTable.Of(failure).Why,
                pause.TotalSeconds);
        }
    });

    public void HookFailed(string hook, Exception error) => Log.Safely(() =>
    {
        if (Logger.IsEnabled(LogLevel.Error))
            Log.HookFailed(Logger, name, dialer.Target, hook, error);
    });

    private static string Word<TEnum>(TEnum value)
        where TEnum : struct, Enum
    {
        string word = value.ToString();
        return string.Concat(word.Select((letter, at) =>
            char.IsUpper(letter) ? $"{(at > 0 ? "_" : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));
    }

    private static string CodeClass(CloseResult? result) => ((int?)result?.Reason.Code ?? 1006) switch
    {
        1000 or 1001 or 1005 => "normal",
        1006 => "abnormal",
        1012 or 1013 => "try_later",
        >= 3000 => "application",
        _ => "error",
    };

    private void Gap(GapKind kind)
    {
        TagList tags = Tags();
        tags.Add("duplex.gap.kind", Word(kind));
        Instruments.Gaps.Add(1, tags);
    }

    private TagList Tags()
    {
        TagList tags = default;
        tags.Add("duplex.connection.name", name);
        return tags;
    }
}
