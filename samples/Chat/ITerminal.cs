namespace Chat;

/// <summary>Where a user types and reads.</summary>
public interface ITerminal
{
    /// <summary>The next line that the user types; null at the end of the input.</summary>
    Task<string?> ReadLineAsync(CancellationToken cancellationToken);

    void WriteLine(string line);
}

/// <summary>The console.</summary>
public sealed class ConsoleTerminal : ITerminal
{
    // Console.In has no read that can be cancelled. A read that is given up keeps its thread until the program ends.
    public Task<string?> ReadLineAsync(CancellationToken cancellationToken) =>
        Task.Run(Console.ReadLine, CancellationToken.None).WaitAsync(cancellationToken);

    public void WriteLine(string line) => Console.WriteLine(line);
}
