namespace Duplex.Tests;

public sealed class TrafficReportsTests : IDisposable
{
    private readonly MeterProbe _probe = new();
    private readonly Traffic _traffic = new();

    public void Dispose() => _probe.Dispose();

    [Fact]
    public void Only_what_is_new_is_added()
    {
        var reports = new TrafficReports(_probe.Instruments, server: null, deflate: null);

        _traffic.Add(FrameType.Text, 3, isEnd: true);
        reports.AddSent(_traffic);
        reports.AddSent(_traffic);
        _traffic.Add(FrameType.Text, 4, isEnd: true);
        reports.AddSent(_traffic);

        Assert.Equal(
            ["1 network.io.direction=transmit duplex.message.type=text", "1 network.io.direction=transmit duplex.message.type=text"],
            _probe.Of("duplex.messages"));
        Assert.Equal(7, _probe.Sum("duplex.message.io"));
    }

    [Fact]
    public void The_directions_are_told_apart()
    {
        var reports = new TrafficReports(_probe.Instruments, new ServerTags(new Uri("ws://host.test/")), deflate: null);
        _traffic.Add(FrameType.Binary, 3, isEnd: true);

        reports.AddReceived(_traffic);
        reports.AddSent(_traffic);

        Assert.Equal(1, _probe.Sum("duplex.messages", "url.scheme=ws network.io.direction=receive duplex.message.type=binary"));
        Assert.Equal(1, _probe.Sum("duplex.messages", "url.scheme=ws network.io.direction=transmit duplex.message.type=binary"));
    }

    [Fact]
    public async Task Reports_while_traffic_is_added_lose_nothing_and_count_nothing_twice()
    {
        const int Messages = 200_000;
        var reports = new TrafficReports(_probe.Instruments, server: null, deflate: null);
        Task adding = Task.Run(() =>
        {
            for (int i = 0; i < Messages; i++)
                _traffic.Add(FrameType.Text, 1, isEnd: true);
        });

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            while (!adding.IsCompleted)
                reports.AddReceived(_traffic);
        })));
        reports.AddReceived(_traffic);

        Assert.Equal(Messages, _probe.Sum("duplex.messages"));
        Assert.Equal(Messages, _probe.Sum("duplex.message.io"));
    }

    [Fact]
    public void Reports_at_once_add_everything_once()
    {
        var reports = new TrafficReports(_probe.Instruments, server: null, deflate: null);
        for (int i = 0; i < 1000; i++)
            _traffic.Add(FrameType.Text, 1, isEnd: true);

        Parallel.For(0, 8, _ => reports.AddReceived(_traffic));

        Assert.Equal(1000, _probe.Sum("duplex.messages"));
        Assert.Equal(1000, _probe.Sum("duplex.message.io"));
    }
}
