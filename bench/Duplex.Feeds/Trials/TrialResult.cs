using System.Globalization;

namespace Duplex.Feeds;

/// <summary>What one client did under one script.</summary>
internal sealed class TrialResult(string script, string client)
{
    public string Script => script;

    public string Client => client;

    /// <summary>The times until messages came again, in seconds; infinite if they did not.</summary>
    public double[] Outages { get; set; } = [];

    public double? AttemptsPerMinute { get; set; }

    public int EarlyAttempts { get; set; }

    public long HeapGrowth { get; set; }

    /// <summary>How many messages between the first and the last one the client did not receive.</summary>
    public long Missing { get; private set; }

    public long Duplicates { get; private set; }

    public string[] Hung { get; private set; } = [];

    /// <summary>The sends: all, and those that arrived.</summary>
    public int Sent { get; private set; }

    public int Arrived { get; private set; }

    /// <summary>The library said that it was not sent, or that it failed.</summary>
    public int Failed { get; private set; }

    /// <summary>The library said so, and it arrived.</summary>
    public int FailedButArrived { get; private set; }

    /// <summary>The library said afterwards that nothing proves the arrival.</summary>
    public int Unknown { get; private set; }

    public int UnknownButArrived { get; private set; }

    /// <summary>The call has not returned.</summary>
    public int Pending { get; private set; }

    /// <summary>The call succeeded, nothing ever said otherwise, and the message did not arrive.</summary>
    public int Lost { get; private set; }

    public int ArrivedTwice { get; private set; }

    public void Add(ClientResult? client, Arrivals arrivals)
    {
        if (client is null)
        {
            Hung = ["process"];
            return;
        }

        (Missing, Duplicates, Hung) = (client.Missing, client.Duplicates, client.Hung);
        Sent = client.Sent.Length;
        for (int i = 0; i < Sent; i++)
        {
            int count = arrivals.CountOf(i + 1);
            bool arrived = count > 0;
            Arrived += arrived ? 1 : 0;
            ArrivedTwice += count > 1 ? 1 : 0;
            switch (client.Sent[i])
            {
                case 'f':
                    Failed++;
                    FailedButArrived += arrived ? 1 : 0;
                    break;
                case 'u':
                    Unknown++;
                    UnknownButArrived += arrived ? 1 : 0;
                    break;
                case 'p':
                    Pending++;
                    break;
                default:
                    Lost += arrived ? 0 : 1;
                    break;
            }
        }
    }

    /// <summary>The times until messages came again, one by one.</summary>
    public override string ToString()
    {
        IEnumerable<string> times =
            Outages.Select(seconds => string.Create(CultureInfo.InvariantCulture, $"{seconds:F2}"));
        return $"{script} {client}: ready again after {string.Join(", ", times)} s";
    }
}
