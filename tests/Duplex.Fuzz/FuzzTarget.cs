using System.Text;

namespace Duplex.Tests;

/// <summary>What is wrong with the code under test, as one input has shown.</summary>
public sealed class FindingException : Exception
{
    public FindingException() { }

    public FindingException(string message) : base(message) { }

    public FindingException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>A part of the core that takes what strangers send, and what must hold of it for any input at all.</summary>
internal abstract class FuzzTarget
{
    /// <summary>The longest input: long enough for every state, short enough for many of them.</summary>
    public const int MaxInput = 400;

    /// <summary>Its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>How many inputs it is given before another target has its turn: about a tenth of a second's worth.</summary>
    public virtual int AtATime => 4000;

    /// <summary>Where it begins: inputs of the conformance cases.</summary>
    public abstract IEnumerable<byte[]> Seeds { get; }

    /// <summary>Makes a new input that has the structure of what it takes.</summary>
    public abstract byte[] Generate(Random random);

    /// <summary>Runs one input through the code and through its judge.</summary>
    /// <returns>A number for what became of it: an input that gives a new one has reached something new.</returns>
    /// <exception cref="FindingException">What came of it is not what must come of it. Anything else that is thrown is a finding, too.</exception>
    public abstract int Run(ReadOnlySpan<byte> input);

    /// <summary>All there are.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } = [new FrameTarget(), new HeaderTarget(), new InflateTarget()];

    /// <summary>The lines of a file of seeds.</summary>
    protected static IEnumerable<string> Lines(string file)
    {
        using Stream stream = typeof(FuzzTarget).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"{file} is not in the assembly.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
            yield return line;
    }

    protected static int Signature(params ReadOnlySpan<int> parts)
    {
        int hash = 17;
        foreach (int part in parts)
            hash = (hash * 31) + part;
        return hash;
    }

    /// <summary>A number for an error's words, whatever numbers they hold.</summary>
    protected static int Words(string? message)
    {
        int hash = 17;
        foreach (char c in message ?? "")
        {
            if (!char.IsAsciiDigit(c))
                hash = (hash * 31) + c;
        }

        return hash;
    }
}
