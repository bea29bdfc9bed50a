using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Auth.Server.Tests.Checks;

/// <summary>Records database commands in order, and can make the database fail before one of them.</summary>
internal sealed class DatabaseCommands : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private readonly ConcurrentQueue<string> texts = new();
    private readonly ConcurrentBag<IDisposable> subscriptions = [];

    public DatabaseCommands() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    public string[] Texts => [.. texts];

    /// <summary>How many commands and commits still reach the database; null if all do.</summary>
    public int? Remaining { get; set; }

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
        else if (value.Key != RelationalEventId.TransactionCommitting.Name)
            return;
        if (Remaining-- == 0)
            throw new IOException("The database went away.");
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
