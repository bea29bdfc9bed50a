using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Shared.Hosting.Data;

/// <summary>
/// Configures every SQLite connection: a write-ahead log, an fsync at each commit, and a wait of five seconds for the
/// writer of another process. The file is mapped into memory (2 GB, SQLite's maximum), so that reading many rows takes
/// no system calls. A pooled connection keeps its settings, so it is configured once.
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

    // SQLite has no asynchronous I/O.
    public override Task ConnectionOpenedAsync(
        DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        ConnectionOpened(connection, eventData);
        return Task.CompletedTask;
    }
}
