using System.Diagnostics.Tracing;

namespace Duplex.Feeds;

/// <summary>Counts the attempts to connect by the platform's events, the same for every library.</summary>
internal sealed class AttemptCounter : EventListener
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "System.Net.Sockets")
            EnableEvents(eventSource, EventLevel.Informational);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName == "ConnectStart")
            Interlocked.Increment(ref _count);
    }
}
