using System.Buffers;
using System.Diagnostics.Metrics;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class WebSocketsOptionsTests
{
    public static TheoryData<string> Times => ["PingInterval", "PingTimeout", "HandshakeTimeout", "CloseTimeout"];

    public static TheoryData<string> Limits => ["MaxFrameSize", "MaxMessageSize", "MaxFragments"];

    [Fact]
    [KtorParity("options/pingIntervalMillis-pingInterval")]
    public void The_defaults_are_those_of_the_documentation()
    {
        var options = new WebSocketsOptions();

        Assert.Equal(TimeSpan.FromSeconds(20), options.PingInterval);
        Assert.Equal(TimeSpan.FromSeconds(20), options.PingTimeout);
        Assert.Equal(TimeSpan.FromSeconds(15), options.HandshakeTimeout);
        Assert.Equal(TimeSpan.FromSeconds(5), options.CloseTimeout);
        Assert.Equal(HandshakeStrictness.Strict, options.HandshakeStrictness);
        Assert.Equal(64 << 20, options.MaxFrameSize);
        Assert.Equal(64 << 20, options.MaxMessageSize);
        Assert.Equal(131_072, options.MaxFragments);
        Assert.Empty(options.Subprotocols);
        Assert.Null(options.ContentConverter);
        Assert.Same(ChannelConfig.DefaultIncoming, options.Channels.Incoming);
        Assert.Same(ChannelConfig.DefaultOutgoing, options.Channels.Outgoing);
        Assert.Same(WebSocketEngines.Http, options.Engine);
        Assert.Same(TimeProvider.System, options.TimeProvider);
        Assert.Same(NullLoggerFactory.Instance, options.LoggerFactory);
    }

    [Theory, MemberData(nameof(Times))]
    [KtorParity("options/pingIntervalMillis-pingInterval", "default-session/PINGER-DISABLED")]
    public void A_time_is_positive_or_infinite_and_not_longer_than_a_timer_takes(string name)
    {
        var options = new WebSocketsOptions();
        TimeSpan longest = TimeSpan.FromMilliseconds(int.MaxValue);

        foreach (TimeSpan good in new[] { TimeSpan.FromTicks(1), TimeSpan.FromHours(1), longest, Timeout.InfiniteTimeSpan })
        {
            SetTime(options, name, good);
            Assert.Equal(good, GetTime(options, name));
        }

        foreach (TimeSpan bad in new[] { TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.FromSeconds(-1), longest + TimeSpan.FromTicks(1), TimeSpan.MaxValue, TimeSpan.MinValue })
        {
            var error = Assert.Throws<ArgumentOutOfRangeException>(name, () => SetTime(options, name, bad));
            Assert.Equal(bad, error.ActualValue);
            Assert.Contains("InfiniteTimeSpan", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(Timeout.InfiniteTimeSpan, GetTime(options, name));
    }

    [Theory, MemberData(nameof(Limits))]
    [KtorParity("options/maxFrameSize")]
    public void A_limit_is_at_least_one(string name)
    {
        var options = new WebSocketsOptions();

        SetLimit(options, name, 1);
        foreach (int bad in new[] { 0, -1, int.MinValue })
            Assert.Throws<ArgumentOutOfRangeException>(() => SetLimit(options, name, bad));

        Assert.Equal(1, GetLimit(options, name));
    }

    [Fact]
    public async Task A_size_may_be_more_than_one_array_holds_which_only_streams_can_have()
    {
        var options = new WebSocketsOptions { MaxFrameSize = 1L << 40, MaxMessageSize = 1L << 41, MaxFragments = int.MaxValue };
        Assert.Equal((1L << 40, 1L << 41), (options.MaxFrameSize, options.MaxMessageSize));

        await using DefaultWebSocketSession streams = DefaultWebSocketSession.Over(new ScriptedPeer(), new MemoryStream(), options.ToSessionSettings(ReceiveMode.Streams));
        await using DefaultWebSocketSession messages = DefaultWebSocketSession.Over(new ScriptedPeer(), new MemoryStream(), options.ToSessionSettings());

        Assert.Equal(1L << 40, streams.MaxFrameSize);
        streams.MaxFrameSize = long.MaxValue;
        Assert.Equal(WebSocketLimits.LargestSize, messages.MaxFrameSize);
        messages.MaxFrameSize = 5;
        messages.MaxFrameSize = WebSocketLimits.LargestSize + 1L;
        Assert.Equal(WebSocketLimits.LargestSize, messages.MaxFrameSize);
        streams.Abort();
        messages.Abort();
    }

    [Fact]
    public void For_streams_only_limits_hold_that_somebody_set_be_it_to_the_default()
    {
        ConnectionSettings unset = new WebSocketsOptions().ToSessionSettings(ReceiveMode.Streams).Connection;
        Assert.Equal((long.MaxValue, long.MaxValue, int.MaxValue), (unset.MaxFrameSize, unset.MaxMessageSize, unset.MaxFragments));

        var options = new WebSocketsOptions();
        options.MaxFrameSize = options.MaxFrameSize;
        options.MaxMessageSize = options.MaxMessageSize;
        options.MaxFragments = options.MaxFragments;
        ConnectionSettings set = options.ToSessionSettings(ReceiveMode.Streams).Connection;
        Assert.Equal((options.MaxFrameSize, options.MaxMessageSize, options.MaxFragments), (set.MaxFrameSize, set.MaxMessageSize, set.MaxFragments));

        Assert.Equal(WebSocketLimits.DefaultMaxSize, new WebSocketsOptions().ToSessionSettings(ReceiveMode.Messages).Connection.MaxFrameSize);
    }

    [Fact]
    public void What_must_be_there_cannot_be_null()
    {
        var options = new WebSocketsOptions();

        Assert.Throws<ArgumentNullException>(() => options.Engine = null!);
        Assert.Throws<ArgumentNullException>(() => options.TimeProvider = null!);
        Assert.Throws<ArgumentNullException>(() => options.LoggerFactory = null!);
        Assert.Throws<ArgumentNullException>(() => options.BufferPool = null!);
        Assert.Throws<ArgumentNullException>(() => options.Subprotocols.Add(null!));
    }

    [Fact]
    public void A_strictness_is_one_of_the_two() => Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketsOptions().HandshakeStrictness = (HandshakeStrictness)2);

    [Fact]
    public void A_bad_subprotocol_is_refused_where_it_is_added() => Assert.Throws<ArgumentException>(() => new WebSocketsOptions().Subprotocols.Add("two words"));

    [Fact]
    [KtorParity("plugin/client.plugin-WebSockets-pluginOrNull")]
    public void A_copy_has_every_option_and_a_later_change_of_one_does_not_reach_the_other()
    {
        WebSocketsOptions options = Changed(new WebSocketsOptions(), 1);
        object?[] first = Values(options);

        WebSocketsOptions copy = options.Copy();
        Changed(options, 2);
        copy.Subprotocols.Add("copy");

        object?[] copied = Values(copy), changed = Values(options);
        Assert.Equal(first, copied);
        Assert.All(first.Zip(changed), both => Assert.NotEqual(both.First, both.Second));
        Assert.Equal(["1", "copy"], copy.Subprotocols);
        Assert.Equal(["1", "2"], options.Subprotocols);
        Assert.Equal("toy1", Assert.Single(copy.Extensions.Factories).Name);
    }

    [Fact]
    public void A_copy_knows_which_options_were_set()
    {
        WebSocketsOptions copy = new WebSocketsOptions { MaxMessageSize = 7 }.Copy();

        SessionSettings settings = copy.ToSessionSettings(ReceiveMode.Streams);

        Assert.Equal((7, long.MaxValue), (settings.Connection.MaxMessageSize, settings.Connection.MaxFrameSize));
    }

    [Fact]
    public async Task Handlers_that_share_options_keep_those_of_their_construction()
    {
        var options = new WebSocketsOptions();
        options.Subprotocols.Add("first");
        var one = new FakePrimaryHandler();
        using var first = new HttpClient(new WebSocketsHandler(one, options));

        options.Subprotocols.Add("second");
        options.Extensions.InstallPerMessageDeflate();
        var two = new FakePrimaryHandler();
        using var second = new HttpClient(new WebSocketsHandler(two, options));

        foreach (HttpClient client in (HttpClient[])[first, second])
            await client.WebSocketAsync("ws://host.test/", _ => Task.CompletedTask).Soon();
        Assert.Equal("first", FakePrimaryHandler.Value(one.Request, "Sec-WebSocket-Protocol"));
        Assert.False(one.Request.Headers.Contains("Sec-WebSocket-Extensions"));
        Assert.Equal("first, second", FakePrimaryHandler.Value(two.Request, "Sec-WebSocket-Protocol"));
        Assert.True(two.Request.Headers.Contains("Sec-WebSocket-Extensions"));
    }

    [Fact]
    [KtorParity("plugin/its-read-only-properties")]
    public async Task A_kept_configuration_has_no_effect_later()
    {
        WebSocketsOptions? kept = null;
        using var client = new HttpClient(new WebSocketsHandler(new FakePrimaryHandler(), options => kept = options));

        kept!.PingInterval = TimeSpan.FromSeconds(1);

        await client.WebSocketAsync("ws://host.test/", session =>
        {
            Assert.Equal(TimeSpan.FromSeconds(20), session.PingInterval);
            return Task.CompletedTask;
        }).Soon();
    }

    [Fact]
    public void A_sessions_settings_are_those_of_the_options()
    {
        var pool = new CountingPool();
        var time = new FakeTimeProvider();
        var converter = new DelegateConverter();
        MaskKeyPool.RandomFill fill = destination => destination.Fill(1);
        var options = new WebSocketsOptions
        {
            PingInterval = TimeSpan.FromSeconds(1),
            PingTimeout = TimeSpan.FromSeconds(2),
            CloseTimeout = TimeSpan.FromSeconds(3),
            MaxFrameSize = 4,
            MaxMessageSize = 5,
            MaxFragments = 6,
            ContentConverter = converter,
            TimeProvider = time,
            BufferPool = pool,
            RandomFill = fill,
            Channels = { Incoming = ChannelConfig.Bounded(7, 8), Outgoing = ChannelConfig.Bounded(9, 10) },
        };

        SessionSettings settings = options.ToSessionSettings();

        Assert.Equal((1, 2, 3), (settings.PingInterval.TotalSeconds, settings.PingTimeout.TotalSeconds, settings.CloseTimeout.TotalSeconds));
        Assert.Equal((4, 5, 6), (settings.Connection.MaxFrameSize, settings.Connection.MaxMessageSize, settings.Connection.MaxFragments));
        Assert.Same(time, settings.Connection.Time);
        Assert.Same(pool, settings.Connection.Pool);
        Assert.Same(fill, settings.Connection.RandomFill);
        Assert.Same(converter, settings.Converter);
        Assert.Same(options.Channels.Incoming, settings.Incoming);
        Assert.Same(options.Channels.Outgoing, settings.Connection.Outgoing);
        Assert.Equal(WebSocketRole.Client, settings.Connection.Role);
    }

    private static readonly WebSocketEngine Poor = WebSocketEngines.From((_, _) => throw new NotSupportedException());

    public static TheoryData<string, EngineCapability, Action<WebSocketsOptions>> Demands => new()
    {
        { "PingInterval", EngineCapability.ControlFrames, options => options.PingInterval = options.PingInterval }, // a default that was set is a wish
        { "PingTimeout", EngineCapability.ControlFrames, options => options.PingTimeout = TimeSpan.FromSeconds(3) },
        { "MaxFrameSize", EngineCapability.FrameLimits, options => options.MaxFrameSize = 7 },
        { "MaxFragments", EngineCapability.FrameLimits, options => options.MaxFragments = 7 },
        { "TextValidation", EngineCapability.LenientText, options => options.TextValidation = TextValidation.Lenient },
        { "HandshakeStrictness", EngineCapability.Response, options => options.HandshakeStrictness = HandshakeStrictness.Lenient },
    };

    [Theory, MemberData(nameof(Demands), DisableDiscoveryEnumeration = true)]
    public void What_was_set_and_the_engine_cannot_honour_is_refused_when_a_handler_is_made(string name, EngineCapability capability, Action<WebSocketsOptions> set)
    {
        var options = new WebSocketsOptions();
        set(options);
        options.Engine = Poor; // in any order

        var error = Assert.Throws<NotSupportedException>(() => new WebSocketsHandler(options));
        Assert.Contains($"WebSocketsOptions.{name} needs the capability {capability}, which the engine WebSocket lacks", error.Message, StringComparison.Ordinal);

        options.Engine = WebSocketEngines.Http; // they can still be put right
        new WebSocketsHandler(options).Dispose();
    }

    [Fact]
    public void Strict_texts_are_what_every_engine_has()
    {
        new WebSocketsHandler(new WebSocketsOptions { Engine = Poor, TextValidation = TextValidation.Strict }).Dispose();
        Assert.Equal(TextValidation.Strict, new WebSocketsOptions().TextValidation);
        Assert.Throws<ArgumentOutOfRangeException>(() => new WebSocketsOptions { TextValidation = (TextValidation)2 });
        foreach (ReceiveMode mode in Enum.GetValues<ReceiveMode>())
            Assert.Equal(TextValidation.Lenient, new WebSocketsOptions { TextValidation = TextValidation.Lenient }.ToSessionSettings(mode).Connection.TextValidation);
    }

    [Fact]
    [KtorParity("test-default-session/OkHttpWebsocketSessionTest-four-of-pings")]
    public void What_nobody_set_and_the_engine_cannot_honour_is_off()
    {
        var options = new WebSocketsOptions { Engine = Poor, MaxMessageSize = 5, PingInterval = Timeout.InfiniteTimeSpan, PingTimeout = Timeout.InfiniteTimeSpan };
        using var handler = new WebSocketsHandler(options);

        SessionSettings settings = options.ToSessionSettings();

        Assert.Equal((Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan), (settings.PingInterval, settings.PingTimeout));
        Assert.Equal((WebSocketLimits.LargestSize, 5, int.MaxValue), (settings.Connection.MaxFrameSize, settings.Connection.MaxMessageSize, settings.Connection.MaxFragments));
        Assert.Same(Poor.Profile, settings.Connection.Engine);
    }

    private static TimeSpan GetTime(WebSocketsOptions options, string name) => name switch
    {
        "PingInterval" => options.PingInterval,
        "PingTimeout" => options.PingTimeout,
        "HandshakeTimeout" => options.HandshakeTimeout,
        _ => options.CloseTimeout,
    };

    private static void SetTime(WebSocketsOptions options, string name, TimeSpan value)
    {
        switch (name)
        {
            case "PingInterval": options.PingInterval = value; break;
            case "PingTimeout": options.PingTimeout = value; break;
            case "HandshakeTimeout": options.HandshakeTimeout = value; break;
            default: options.CloseTimeout = value; break;
        }
    }

    private static long GetLimit(WebSocketsOptions options, string name) => name switch
    {
        "MaxFrameSize" => options.MaxFrameSize,
        "MaxMessageSize" => options.MaxMessageSize,
        _ => options.MaxFragments,
    };

    private static void SetLimit(WebSocketsOptions options, string name, int value)
    {
        switch (name)
        {
            case "MaxFrameSize": options.MaxFrameSize = value; break;
            case "MaxMessageSize": options.MaxMessageSize = value; break;
            default: options.MaxFragments = value; break;
        }
    }

    // Every settable option, and what is in the others, changed to a value that depends on the number.
    private static WebSocketsOptions Changed(WebSocketsOptions options, int number)
    {
        foreach (PropertyInfo property in Settable())
            property.SetValue(options, Value(property.PropertyType, number));
        options.Channels.Incoming = ChannelConfig.Bounded(number, number);
        options.Channels.Outgoing = ChannelConfig.Bounded(number, number);
        options.Subprotocols.Add($"{number}");
        options.Extensions.Install(new ToyFactory($"toy{number}", () => new ToyExtension(), ReservedBits.None));
        return options;
    }

    private static object?[] Values(WebSocketsOptions options) =>
        [.. Settable().Select(property => property.GetValue(options)), options.Channels.Incoming, options.Channels.Outgoing];

    private static PropertyInfo[] Settable() =>
    [
        .. typeof(WebSocketsOptions).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(property => property.SetMethod is { IsPrivate: false }),
    ];

    private static object? Value(Type type, int number) => type.Name switch
    {
        nameof(TimeSpan) => TimeSpan.FromSeconds(number),
        nameof(Int64) => (long)number,
        nameof(Int32) => number,
        nameof(WebSocketContentConverter) => new DelegateConverter(),
        nameof(Heartbeat) => new Heartbeat($"{number}"),
        nameof(WebSocketEngine) => WebSocketEngines.FromStream((_, _) => throw new InvalidOperationException()),
        nameof(System.TimeProvider) => new FakeTimeProvider(),
        nameof(ILoggerFactory) => new ListLogger(),
        nameof(IMeterFactory) => new MeterProbe(),
        nameof(Boolean) => number == 1,
        nameof(MaskKeyPool.RandomFill) => new MaskKeyPool.RandomFill(destination => destination.Fill((byte)number)),
        _ when type == typeof(ArrayPool<byte>) => new CountingPool(),
        _ when type.IsEnum => Enum.ToObject(type, number == 1 ? 1 : 0),
        _ => throw new NotSupportedException($"Give {type} a value here."),
    };
}
