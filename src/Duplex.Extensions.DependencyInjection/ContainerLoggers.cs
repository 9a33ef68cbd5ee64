using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Duplex;

/// <summary>
/// The container's logging, resolved when something is logged. Resolving it creates the logger providers, and one of
/// them may be what creates a client just now.
/// </summary>
internal sealed class ContainerLoggers(IServiceProvider services) : ILoggerFactory
{
    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(services, categoryName);

    /// <inheritdoc/>
    public void AddProvider(ILoggerProvider provider) =>
        services.GetRequiredService<ILoggerFactory>().AddProvider(provider);

    /// <summary>Does nothing: the container disposes its logging.</summary>
    public void Dispose()
    {
    }

    private sealed class Logger(IServiceProvider services, string category) : ILogger
    {
        private ILogger? _inner; // any thread: the container has one logger for each category

        private ILogger Inner =>
            _inner ??= services.GetService<ILoggerFactory>()?.CreateLogger(category) ?? NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => Inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => Inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            Inner.Log(logLevel, eventId, state, exception, formatter);
    }
}
