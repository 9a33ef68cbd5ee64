using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>Keeps every message, with its event id and its level.</summary>
internal sealed class ListLogger : ILogger, ILoggerFactory
{
    private readonly Lock _sync = new();
    private readonly List<(int Id, LogLevel Level, string Text)> _entries = [];

    public IReadOnlyList<(int Id, LogLevel Level, string Text)> Entries
    {
        get
        {
            lock (_sync)
                return [.. _entries];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_sync)
            _entries.Add((eventId.Id, logLevel, $"{formatter(state, exception)} {exception}"));
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
