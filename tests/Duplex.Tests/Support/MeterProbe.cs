using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;

namespace Duplex.Tests;

/// <summary>A meter factory of a test's own, and what its instruments measured.</summary>
internal sealed class MeterProbe : IMeterFactory
{
    private readonly ConcurrentDictionary<string, Meter> _meters = [];
    private readonly ConcurrentQueue<(string Name, double Value, string Tags)> _measured = [];
    private readonly MeterListener _listener = new();

    /// <param name="listens">Whether the instruments are enabled.</param>
    /// <param name="notes">Whether measurements are kept.</param>
    public MeterProbe(bool listens = true, bool notes = true)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (_meters.Values.Contains(instrument.Meter))
            {
                Published.Add(instrument);
                if (listens)
                    listener.EnableMeasurementEvents(instrument);
            }
        };
        if (!notes)
            return;
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
    }

    /// <summary>Throws with each measurement, as a listener may.</summary>
    public Exception? Throws { get; set; }

    public List<Instrument> Published { get; } = [];

    public Instruments Instruments
    {
        get
        {
            Instruments instruments = Instruments.Of(this);
            _listener.Start();
            return instruments;
        }
    }

    public Meter Create(MeterOptions options) => _meters.GetOrAdd(options.Name, _ => new Meter(options));

    /// <summary>What an instrument measured, one line each: the value, then the attributes.</summary>
    public IReadOnlyList<string> Of(string name)
    {
        _listener.RecordObservableInstruments();
        return [.. _measured.Where(one => one.Name == name).Select(one => $"{one.Value.ToString(CultureInfo.InvariantCulture)} {one.Tags}".TrimEnd())];
    }

    /// <summary>The sum of what a counter added, for measurements with this in their attributes.</summary>
    public double Sum(string name, string tags = "") => _measured.Where(one => one.Name == name && one.Tags.Contains(tags, StringComparison.Ordinal)).Sum(one => one.Value);

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Meter meter in _meters.Values)
            meter.Dispose();
    }

    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (Throws is { } error)
            throw error;
        List<string> words = [];
        foreach ((string name, object? tag) in tags)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"{name}={tag}"));
        _measured.Enqueue((instrument.Name, value, string.Join(' ', words)));
    }
}
