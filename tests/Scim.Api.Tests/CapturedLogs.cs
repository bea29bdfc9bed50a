using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Scim.Api.Tests;

/// <summary>Every line that the server logs, with its exception.</summary>
internal sealed class CapturedLogs : ILoggerProvider
{
    private readonly ConcurrentQueue<(LogLevel Level, string Line)> lines = new();

    public IEnumerable<string> Lines => lines.Select(line => line.Line);

    public IEnumerable<string> AtLeast(LogLevel level) =>
        lines.Where(line => line.Level >= level).Select(line => line.Line);

    /// <summary>Clears them, so that a long test measures the memory of the server and not of this.</summary>
    public void Clear() => lines.Clear();

    public ILogger CreateLogger(string categoryName) => new Category(categoryName, lines);

    public void Dispose()
    {
    }

    private sealed class Category(string name, ConcurrentQueue<(LogLevel, string)> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            lines.Enqueue((logLevel, $"{logLevel} {name}: {formatter(state, exception)} {exception}"));
    }
}
