using System.Diagnostics;

namespace Duplex;

/// <summary>Adds a session's traffic to the counters. Created for a listener: most sessions have none.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class TrafficReports(Instruments instruments, ServerTags? server, PerMessageDeflate? deflate)
{
    private readonly Lock _sync = new();

    // Under _sync.
    private Totals _received;
    private Totals _sent;

    public void AddReceived(Traffic traffic)
    {
        Totals added;
        lock (_sync)
        {
            added = new Totals(
                traffic.Text, traffic.Binary, deflate?.ReceivedBytes ?? 0, deflate?.ReceivedCompressedBytes ?? 0)
                .Since(ref _received);
        }

        Publish(added, "receive");
    }

    public void AddSent(Traffic traffic)
    {
        Totals added;
        lock (_sync)
        {
            added = new Totals(traffic.Text, traffic.Binary, deflate?.SentBytes ?? 0, deflate?.SentCompressedBytes ?? 0)
                .Since(ref _sent);
        }

        Publish(added, "transmit");
    }

    private void Publish(Totals added, string direction)
    {
        TagList tags = default;
        server?.AddTo(ref tags);
        tags.Add("network.io.direction", direction);
        TagList states = tags;
        states.Add("duplex.compression.state", "uncompressed");
        if (added.Plain > 0)
            instruments.CompressionBytes.Add(added.Plain, states);
        states[^1] = new("duplex.compression.state", "compressed");
        if (added.Compressed > 0)
            instruments.CompressionBytes.Add(added.Compressed, states);

        tags.Add("duplex.message.type", "text");
        Add(added.Text, tags);
        tags[^1] = new("duplex.message.type", "binary");
        Add(added.Binary, tags);
    }

    private void Add(Traffic.Count count, in TagList tags)
    {
        if (count.Messages > 0)
            instruments.Messages.Add(count.Messages, tags);
        if (count.Bytes > 0)
            instruments.MessageBytes.Add(count.Bytes, tags);
    }

    // Read under _sync, or an older reading could undo a newer one.
    private readonly record struct Totals(Traffic.Count Text, Traffic.Count Binary, long Plain, long Compressed)
    {
        public Totals Since(ref Totals reported)
        {
            var added = new Totals(
                Text - reported.Text, Binary - reported.Binary,
                Plain - reported.Plain, Compressed - reported.Compressed);
            reported = this;
            return added;
        }
    }
}
