using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Shared.Hosting.Data;
using SQLitePCL;

/// <summary>
/// In every test of this assembly, SQLite itself refuses to commit what a connection of a server writes without having
/// entered the <see cref="WriterGate"/>: a write that bypasses it is rolled back.
/// </summary>
#pragma warning disable CA1050 // Outside of all namespaces, so that it applies to all tests of the assembly.
[SetUpFixture]
public sealed class UngatedWrites : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
#pragma warning restore CA1050
{
    // The connection that uses a handle now. Handles are pooled, and the hook is set once.
    private static readonly ConditionalWeakTable<sqlite3, StrongBox<(WriterGate Gate, SqliteConnection Connection)>> users = [];

    private static readonly ConcurrentQueue<string> refused = new();

    private readonly List<IDisposable> subscriptions = [];

    /// <summary>The stack traces of writes without the gate, since the assembly's tests began.</summary>
    internal static IReadOnlyCollection<string> Refused => refused;

    [OneTimeSetUp]
    public void Watch() => subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));

    [OneTimeTearDown]
    public void Dispose() => subscriptions.ForEach(subscription => subscription.Dispose());

    public void OnNext(DiagnosticListener value)
    {
        if (value.Name == "Microsoft.EntityFrameworkCore")
            subscriptions.Add(value.Subscribe(this));
    }

    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Key != RelationalEventId.ConnectionOpened.Name
            || value.Value is not ConnectionEndEventData { Connection: SqliteConnection { Handle: { } handle } connection, Context: { } context }
            || context.GetService<IDbContextOptions>().FindExtension<CoreOptionsExtension>()?.ApplicationServiceProvider
                ?.GetService<WriterGate>() is not { } gate)
            return;
        if (users.TryGetValue(handle, out var known))
        {
            known.Value = (gate, connection);
            return;
        }
        var user = new StrongBox<(WriterGate Gate, SqliteConnection Connection)>((gate, connection));
        users.Add(handle, user);
        raw.sqlite3_commit_hook(handle, _ => Check(user.Value), null);
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }

    /// <summary>Anything but 0 turns the commit into a rollback.</summary>
    private static int Check((WriterGate Gate, SqliteConnection Connection) user)
    {
        if (user.Gate.Writer == user.Connection)
            return 0;
        refused.Enqueue(Environment.StackTrace);
        return 1;
    }
}
