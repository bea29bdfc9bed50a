using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Auth.Server.Tests.Checks;

/// <summary>Hears what is asked of databases, in the order in which it is asked.</summary>
internal sealed class DatabaseCommands : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private readonly ConcurrentQueue<string> texts = new();
    private readonly ConcurrentBag<IDisposable> subscriptions = [];

    public DatabaseCommands() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    public string[] Texts => [.. texts];

    public void Clear() => texts.Clear();

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == DbLoggerCategory.Name)
            subscriptions.Add(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value is { Value: CommandEventData command } && value.Key == RelationalEventId.CommandExecuting.Name)
            texts.Enqueue(command.Command.CommandText);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    public void Dispose()
    {
        foreach (var subscription in subscriptions)
            subscription.Dispose();
    }
}
