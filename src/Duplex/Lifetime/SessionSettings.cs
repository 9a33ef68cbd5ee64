namespace Duplex;

/// <summary>A session's settings.</summary>
internal sealed record SessionSettings
{
    public ConnectionSettings Connection { get; init; } = new();

    /// <summary>A raw session always gives frames.</summary>
    public ReceiveMode ReceiveMode { get; init; }

    public ChannelConfig Incoming { get; init; } = ChannelConfig.DefaultIncoming;

    public TimeSpan PingInterval { get; init; } = TimeSpan.FromSeconds(20);

    public TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>In place of pings.</summary>
    public Heartbeat? Heartbeat { get; init; }

    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public WebSocketContentConverter? Converter { get; init; }

    public TelemetrySources Telemetry { get; init; } = new();

    public TimeProvider Time => Connection.Time;
}
