namespace Duplex.Tests;

/// <summary>Runs a target on one thread: inputs of its seeds, of its generator, and of whatever reached something new. The same seed makes the same inputs.</summary>
internal sealed class Fuzzer(FuzzTarget target, int seed)
{
    // Enough to keep what is rare, little enough that each is met often.
    private const int MaxCorpus = 20_000;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _corpus = [];
    private readonly HashSet<int> _signatures = [];

    // Written by the one thread, read by whoever watches it.
    private long _executions;
    private volatile byte[] _current = [];
    private volatile bool _isRunning;

    public FuzzTarget Target => target;

    /// <summary>How many inputs were run.</summary>
    public long Executions => Volatile.Read(ref _executions);

    /// <summary>How many different outcomes they had.</summary>
    public int Outcomes => _signatures.Count;

    /// <summary>The input that is being run.</summary>
    public byte[] Current => _current;

    /// <summary>Whether an input is being run.</summary>
    public bool IsRunning => _isRunning;

    /// <summary>Runs the seeds.</summary>
    public void RunSeeds()
    {
        foreach (byte[] input in target.Seeds)
            Run(input);
    }

    /// <summary>Runs so many inputs more.</summary>
    /// <exception cref="FindingException">One of them has found something; its message says how to run it again.</exception>
    public void Run(int executions)
    {
        for (int i = 0; i < executions; i++)
            Run(_corpus.Count == 0 || _random.Next(4) == 0 ? target.Generate(_random) : Mutator.Mutate(Any(), Any(), _random));
    }

    private byte[] Any() => _corpus[_random.Next(_corpus.Count)];

    private void Run(byte[] input)
    {
        _current = input;
        _isRunning = true;
        int signature;
        try
        {
            signature = target.Run(input);
        }
        catch (Exception e)
        {
            throw new FindingException($"{target.Name}: {e.GetType().Name}: {e.Message}\nAgain: --target {target.Name} --input {Convert.ToHexString(input)}\n{e.StackTrace}", e);
        }

        _isRunning = false;
        Volatile.Write(ref _executions, _executions + 1);
        if (!_signatures.Add(signature))
            return;
        if (_corpus.Count < MaxCorpus)
            _corpus.Add(input);
        else
            _corpus[_random.Next(MaxCorpus)] = input;
    }
}
