using System.Diagnostics;
using System.Globalization;

namespace Duplex.EndToEnd;

/// <summary>Measures one run of a job in this process: time, CPU, allocations, and optionally latencies.</summary>
internal sealed class Meter
{
    private long _began;
    private long _allocatedBefore;
    private Environment.ProcessCpuUsage _cpuBefore;
    private double[]? _latencies;
    private int _latencyCount;

    public double Seconds { get; private set; }

    public double UserMicroseconds { get; private set; }

    public double SystemMicroseconds { get; private set; }

    public long Allocated { get; private set; }

    public double CpuMicroseconds => UserMicroseconds + SystemMicroseconds;

    /// <summary>The median latency in microseconds; 0 if none was measured.</summary>
    public double P50 { get; private set; }

    /// <summary>The 99th percentile of the latency in microseconds; 0 if none was measured.</summary>
    public double P99 { get; private set; }

    /// <summary>Compressed size per byte sent, or per byte received if none were sent; 0 without compression.</summary>
    public double Ratio { get; private set; }

    public long ResidentPerConnection { get; set; }

    public long HeapPerConnection { get; set; }

    /// <summary>Starts the measurement. Call it when the connection is open and nothing has been sent.</summary>
    public void Start(long latencies = 0)
    {
        _latencies = latencies > 0 ? new double[latencies] : null;
        _allocatedBefore = GC.GetTotalAllocatedBytes(precise: true);
        _cpuBefore = Environment.CpuUsage;
        _began = Stopwatch.GetTimestamp();
    }

    public void AddLatency(long since) =>
        _latencies![_latencyCount++] = Stopwatch.GetElapsedTime(since).TotalMicroseconds;

    /// <summary>Reads the compression ratio of a session.</summary>
    public void SetRatio(WebSocketSession session)
    {
        if (!session.TryGetExtension(out PerMessageDeflate? deflate))
            return;
        Ratio = deflate.SentBytes > 0
            ? (double)deflate.SentCompressedBytes / deflate.SentBytes
            : (double)deflate.ReceivedCompressedBytes / deflate.ReceivedBytes;
    }

    /// <summary>Ends the measurement. Call it when the last message has arrived.</summary>
    public void Stop()
    {
        Seconds = Stopwatch.GetElapsedTime(_began).TotalSeconds;
        Environment.ProcessCpuUsage cpu = Environment.CpuUsage;
        UserMicroseconds = (cpu.UserTime - _cpuBefore.UserTime).TotalMicroseconds;
        SystemMicroseconds = (cpu.PrivilegedTime - _cpuBefore.PrivilegedTime).TotalMicroseconds;
        Allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocatedBefore;
        if (_latencies is null)
            return;
        Array.Sort(_latencies, 0, _latencyCount);
        P50 = _latencies[_latencyCount / 2];
        P99 = _latencies[(int)(_latencyCount * 0.99)];
    }

    /// <summary>The line of JSON, in the format that clients in other languages print too.</summary>
    public string ToJson(string peer, Job job)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        string latency = P50 > 0 ? string.Create(invariant, $",\"p50_us\":{P50:F2},\"p99_us\":{P99:F2}") : "";
        string idle = ResidentPerConnection != 0
            ? string.Create(
                invariant, $",\"rss_per_conn\":{ResidentPerConnection},\"heap_per_conn\":{HeapPerConnection}")
            : "";
        string ratio = Ratio > 0 ? string.Create(invariant, $",\"ratio\":{Ratio:F3}") : "";
        double rate = job.Count / Seconds;
        return string.Create(
            invariant,
            $"{{\"peer\":\"{peer}\",\"mode\":\"{job.Mode}\",\"size\":{job.Size},\"count\":{job.Count}," +
            $"\"secs\":{Seconds:F3},\"msg_s\":{rate:F0},\"mb_s\":{rate * job.Size / 1e6:F2}," +
            $"\"cpu_us\":{CpuMicroseconds / job.Count:F4},\"user_us\":{UserMicroseconds / job.Count:F4}," +
            $"\"sys_us\":{SystemMicroseconds / job.Count:F4},\"alloc\":{(double)Allocated / job.Count:F2}" +
            $"{latency}{ratio}{idle}}}");
    }
}
