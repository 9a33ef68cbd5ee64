using System.Threading.Channels;

namespace Chat;

/// <summary>A terminal without a person: for the demo, and for tests.</summary>
/// <param name="echo">What also gets each line that the client prints.</param>
public sealed class ScriptedTerminal(Action<string>? echo = null) : ITerminal
{
    private readonly Channel<string> _typed = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _printed = Channel.CreateUnbounded<string>();

    /// <summary>Types a line.</summary>
    public void Type(string line) => _typed.Writer.TryWrite(line);

    /// <summary>Ends the input, as Ctrl+D does.</summary>
    public void EndInput() => _typed.Writer.TryComplete();

    /// <summary>Waits for a line that begins so, and skips those before it.</summary>
    public async Task<string> SeeAsync(string beginning, CancellationToken cancellationToken)
    {
        while (true)
        {
            string line = await _printed.Reader.ReadAsync(cancellationToken);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
                return line;
        }
    }

    public async Task<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        await _typed.Reader.WaitToReadAsync(cancellationToken) && _typed.Reader.TryRead(out string? line) ? line : null;

    public void WriteLine(string line)
    {
        echo?.Invoke(line);
        _printed.Writer.TryWrite(line);
    }
}
