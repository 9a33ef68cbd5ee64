using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Duplex.Tests;

/// <summary>See also HandlerSourceTests, for loggers that need a client.</summary>
public sealed class ContainerLoggersTests
{
    [Fact]
    public void The_containers_logging_is_resolved_when_something_is_logged()
    {
        using var logger = new ListLogger();
        int resolved = 0;
        using ServiceProvider provider = new ServiceCollection().AddSingleton<ILoggerFactory>(_ =>
        {
            resolved++;
            return logger;
        }).Build();
        using var loggers = new ContainerLoggers(provider);

        ILogger lazy = loggers.CreateLogger("Duplex");
        Assert.Equal(0, resolved);
        lazy.LogWarning(7, "Hello {Name}", "you");

        Assert.Equal((1, true), (resolved, lazy.IsEnabled(LogLevel.Debug)));
        Assert.Equal((7, LogLevel.Warning, "Hello you "), Assert.Single(logger.Entries));
    }

    [Fact]
    public void Its_scopes_and_providers_are_the_containers()
    {
        var scopes = new List<string>();
        using ServiceProvider provider = new ServiceCollection().AddLogging().Build();
        using var loggers = new ContainerLoggers(provider);

        loggers.AddProvider(new Scoping(scopes));
        loggers.CreateLogger("Duplex").BeginScope("one")?.Dispose();
        loggers.Dispose();
        provider.GetRequiredService<ILoggerFactory>().CreateLogger("Other").BeginScope("two")?.Dispose();

        Assert.Equal(["Duplex one", "Other two"], scopes);
    }

    [Fact]
    public void Without_any_nothing_is_logged()
    {
        using ServiceProvider empty = new ServiceCollection().Build();
        using var loggers = new ContainerLoggers(empty);

        Assert.False(loggers.CreateLogger("Duplex").IsEnabled(LogLevel.Critical));
    }

    private sealed class Scoping(List<string> scopes, string category = "") : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => new Scoping(scopes, categoryName);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            scopes.Add($"{category} {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }

        public void Dispose()
        {
        }
    }
}
