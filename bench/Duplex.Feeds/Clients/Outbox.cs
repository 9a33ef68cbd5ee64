namespace Duplex.Feeds;

/// <summary>What a client knows of each message that it sent. Thread-safe.</summary>
internal sealed class Outbox
{
    // More than a script sends; allocated at once, so that the heap does not grow by it.
    private const int Most = 100_000;

    private readonly Lock _sync = new();

    // Under _sync; the numbers begin at 1.
    private readonly Knowledge[] _known = new Knowledge[Most];
    private int _last;

    /// <summary>What the library said of a message.</summary>
    [Flags]
    private enum Knowledge : byte
    {
        None = 0,
        Returned = 1,
        Failed = 2,
        Unknown = 4,
    }

    /// <summary>Takes the next number.</summary>
    public int Next()
    {
        lock (_sync)
            return ++_last;
    }

    /// <summary>The call of a message has ended.</summary>
    public void Report(int number, bool isSent) => Add(number, isSent ? Knowledge.Returned : Knowledge.Failed);

    /// <summary>The library said that it does not know whether a message arrived.</summary>
    public void ReportUnknown(int number) => Add(number, Knowledge.Unknown);

    /// <summary>One character for each message: s(ent), u(nknown), f(ailed), p(ending).</summary>
    public override string ToString()
    {
        lock (_sync)
        {
            return string.Create(_last, _known, static (text, known) =>
            {
                for (int i = 0; i < text.Length; i++)
                {
                    Knowledge one = known[i + 1];
                    text[i] = one.HasFlag(Knowledge.Unknown) ? 'u'
                        : one.HasFlag(Knowledge.Failed) ? 'f'
                        : one.HasFlag(Knowledge.Returned) ? 's'
                        : 'p';
                }
            });
        }
    }

    private void Add(int number, Knowledge knowledge)
    {
        lock (_sync)
            _known[number] |= knowledge;
    }
}
