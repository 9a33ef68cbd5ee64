namespace Duplex;

/// <summary>
/// The messages of one connection of which it is not known whether the peer got them. Copies are bounded; beyond the
/// bound it keeps numbers, as ranges. Thread-safe.
/// </summary>
internal sealed class UnconfirmedLedger(int epoch, long maxBytes, bool isKept)
{
    private readonly Lock _sync = new();

    // Under _sync.
    private readonly LinkedList<UnconfirmedMessage> _messages = [];
    private long _bytes;
    private long _last;

    /// <summary>The number of the last message.</summary>
    public long Last
    {
        get
        {
            lock (_sync)
                return _last;
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_sync)
                return _messages.Count == 0;
        }
    }

    /// <summary>Books a message that was staged. Called in the order of staging.</summary>
    public SendReceipt Add(in FeedMessage message)
    {
        lock (_sync)
        {
            var receipt = new SendReceipt(epoch, ++_last);
            if (!isKept)
                return receipt;
            int cost = CostOf(message.Length);
            if (cost <= maxBytes - _bytes)
            {
                _bytes += cost;
                _messages.AddLast(new UnconfirmedMessage(receipt, message.Type, message.Copy()));
            }
            else if (_messages.Last is { Value.Data: null } range)
            {
                range.Value = range.Value with { Count = range.Value.Count + 1, Type = null };
            }
            else
            {
                _messages.AddLast(new UnconfirmedMessage(receipt, null, null));
            }

            return receipt;
        }
    }

    /// <summary>The peer got everything up to a number.</summary>
    public void Confirm(long upTo)
    {
        lock (_sync)
        {
            while (_messages.First is { } first && first.Value.Receipt.Sequence <= upTo)
            {
                UnconfirmedMessage message = first.Value;
                long left = message.Receipt.Sequence + message.Count - 1 - upTo;
                if (left > 0)
                {
                    first.Value = message with { Receipt = new SendReceipt(epoch, upTo + 1), Count = left };
                    return;
                }

                _bytes -= message.Data is { } data ? CostOf(data.Length) : 0;
                _messages.RemoveFirst();
            }
        }
    }

    public IReadOnlyList<UnconfirmedMessage> TakeAll()
    {
        lock (_sync)
        {
            UnconfirmedMessage[] all = [.. _messages];
            _messages.Clear();
            _bytes = 0;
            return all;
        }
    }

    // An empty message takes memory, too: without a cost, any number would be kept.
    private static int CostOf(int length) => Math.Max(1, length);
}
