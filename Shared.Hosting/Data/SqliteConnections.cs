using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Shared.Hosting.Data;

/// <summary>
/// Makes every SQLite connection durable and patient: a write-ahead log, an fsync at each commit, and five seconds of
/// waiting for another process's writer. What is read is mapped into memory (as much as SQLite maps, 2 GB), so that
/// reading many rows takes no system calls. A pooled connection keeps its settings, so it gets them once.
/// </summary>
internal sealed class SqliteConnections : DbConnectionInterceptor
{
    private const string Settings =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; "
        + "PRAGMA mmap_size = 2147418112;";

    private readonly ConditionalWeakTable<object, string> configured = [];

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
    {
        var handle = ((SqliteConnection)connection).Handle!;
        if (configured.TryGetValue(handle, out _))
            return;
        using var command = connection.CreateCommand();
        command.CommandText = Settings;
        command.ExecuteNonQuery();
        configured.AddOrUpdate(handle, Settings);
    }

    // SQLite waits on the caller's thread in any case.
    public override Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        ConnectionOpened(connection, eventData);
        return Task.CompletedTask;
    }
}
