using CsCheck;

namespace Duplex.Tests;

/// <summary>The messages of which it is not known whether the peer got them.</summary>
public sealed class UnconfirmedLedgerTests
{
    [Fact]
    public void Receipts_are_numbered_from_1_even_if_nothing_is_kept()
    {
        var ledger = new UnconfirmedLedger(3, 100, isKept: false);
        Assert.Equal(new SendReceipt(3, 1), ledger.Add(new FeedMessage("a")));
        Assert.Equal(new SendReceipt(3, 2), ledger.Add(new FeedMessage("b")));
        Assert.Equal(2, ledger.Last);
        Assert.True(ledger.IsEmpty);
        Assert.Empty(ledger.TakeAll());
    }

    [Fact]
    public void Beyond_the_bound_numbers_are_kept_as_ranges()
    {
        var ledger = new UnconfirmedLedger(1, 3, isKept: true);
        foreach (string text in (string[])["ab", "cd", "ef", "g", "hi", "j"])
            ledger.Add(new FeedMessage(text));
        Assert.Equal(["1 ab", "2 x2", "4 g", "5 x2"], ledger.TakeAll().Select(Describe));
        Assert.Empty(ledger.TakeAll());
    }

    [Fact]
    public void A_confirmation_may_end_within_a_range_and_makes_room_for_copies()
    {
        var ledger = new UnconfirmedLedger(1, 2, isKept: true);
        foreach (string text in (string[])["ab", "cd", "ef", "gh"])
            ledger.Add(new FeedMessage(text));
        ledger.Confirm(2);
        ledger.Add(new FeedMessage("ij"));
        Assert.Equal(["3 x2", "5 ij"], ledger.TakeAll().Select(Describe));
    }

    [Fact]
    public void Empty_messages_do_not_grow_it_without_bound()
    {
        var ledger = new UnconfirmedLedger(1, 10, isKept: true);
        for (int number = 0; number < 1000; number++)
            ledger.Add(new FeedMessage(""));
        IReadOnlyList<UnconfirmedMessage> all = ledger.TakeAll();
        Assert.InRange(all.Count, 1, 11);
        Assert.Equal(1000, all.Sum(message => message.Count));
    }

    [Fact]
    public void A_copy_does_not_change_with_the_senders_memory()
    {
        var ledger = new UnconfirmedLedger(1, 10, isKept: true);
        byte[] data = [1, 2];
        ledger.Add(new FeedMessage(data, FrameType.Binary));
        data[0] = 9;
        UnconfirmedMessage kept = Assert.Single(ledger.TakeAll());
        Assert.Equal(FrameType.Binary, kept.Type);
        Assert.Equal([1, 2], kept.Data!.Value.ToArray());
    }

    [Fact]
    public void It_agrees_with_a_simple_model_for_any_sequence_of_calls()
    {
        const int MaxBytes = 12;
        Gen.Select(Gen.Int[0, 3], Gen.Int[1, 6]).Array[0, 50].Sample(steps =>
        {
            var ledger = new UnconfirmedLedger(7, MaxBytes, isKept: true);
            var model = new SortedDictionary<long, int>(); // number to length; 0 if only the number is kept
            long last = 0, confirmed = 0;
            foreach ((int what, int size) in steps)
            {
                if (what < 3)
                {
                    last++;
                    model[last] = model.Values.Sum() + size <= MaxBytes ? size : 0;
                    if (ledger.Add(new FeedMessage(new byte[size], FrameType.Binary)) != new SendReceipt(7, last))
                        return false;
                }
                else
                {
                    confirmed = Math.Min(last, confirmed + size);
                    ledger.Confirm(confirmed);
                    foreach (long number in model.Keys.Where(number => number <= confirmed).ToArray())
                        model.Remove(number);
                }

                if (ledger.IsEmpty != (model.Count == 0) || ledger.Last != last)
                    return false;
            }

            IReadOnlyList<UnconfirmedMessage> all = ledger.TakeAll();
            IEnumerable<(long, int)> flat = all.SelectMany(message => Enumerable.Range(0, (int)message.Count)
                .Select(at => (message.Receipt.Sequence + at, message.Data?.Length ?? 0)));
            bool hasShortRanges = all.Zip(all.Skip(1)).Any(pair => pair.First.Data is null && pair.Second.Data is null);
            return flat.SequenceEqual(model.Select(pair => (pair.Key, pair.Value))) && !hasShortRanges;
        });
    }

    private static string Describe(UnconfirmedMessage message) => message.Data is { } data
        ? $"{message.Receipt.Sequence} {System.Text.Encoding.UTF8.GetString(data.Span)}"
        : $"{message.Receipt.Sequence} x{message.Count}";
}
