using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Shared.Hosting.Data;

/// <summary>
/// Statements that are run together, in order. PostgreSQL gets them in one message, so that they take one round trip;
/// SQLite runs them one after the other. If a statement fails, those after it are not run.
/// <para>
/// It is for the few statements of the most frequent requests, which are written by hand for both databases, with
/// parameters <c>$1</c>, <c>$2</c>, and so on. They are logged like those of Entity Framework.
/// </para>
/// </summary>
public abstract class SqlBatch : IDisposable
{
    private readonly ILogger log;

    private SqlBatch(DbContext db) =>
        log = db.GetService<IDiagnosticsLogger<DbLoggerCategory.Database.Command>>().Logger;

    /// <summary>Whether the database is PostgreSQL.</summary>
    public abstract bool IsPostgres { get; }

    /// <summary>Creates an empty batch on the open connection of a context.</summary>
    public static SqlBatch On(DbContext db) => db.Database.GetDbConnection() is NpgsqlConnection connection
        ? new PostgresBatch(db, connection)
        : new SqliteBatch(db, (SqliteConnection)db.Database.GetDbConnection());

    /// <summary>Runs statements in one batch, and reads their results.</summary>
    /// <param name="db">The context. Its connection is opened unless it is open already.</param>
    /// <param name="statements">Adds the statements.</param>
    /// <param name="read">Reads their results.</param>
    /// <param name="cancellation">Cancels the statements.</param>
    public static async Task<T> Read<T>(
        DbContext db,
        Action<SqlBatch> statements,
        Func<SqlResults, Task<T>> read,
        CancellationToken cancellation)
    {
        await db.Database.OpenConnectionAsync(cancellation);
        try
        {
            using var batch = On(db);
            statements(batch);
            await using var results = await batch.Read(cancellation);
            return await read(results);
        }
        finally
        {
            await db.Database.CloseConnectionAsync();
        }
    }

    /// <summary>Adds a statement, and the values of its parameters.</summary>
    public abstract void Add(string sql, params ReadOnlySpan<SqlValue> values);

    /// <summary>The operator of a statement that compares a text with a list of texts.</summary>
    public string IsAnyOf(string parameter) =>
        IsPostgres ? $"= ANY ({parameter})" : $"IN (SELECT value FROM json_each({parameter}))";

    /// <summary>Runs statements, of which some return rows.</summary>
    public abstract Task<SqlResults> Read(CancellationToken cancellation);

    /// <summary>Runs statements that return no rows.</summary>
    public abstract Task Run(CancellationToken cancellation);

    /// <summary>
    /// Runs statements that write, and commits their transaction: COMMIT is the last statement of the batch or, on
    /// SQLite, <paramref name="commit"/>.
    /// </summary>
    internal abstract Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation);

    /// <inheritdoc />
    public abstract void Dispose();

    private void Log(string sql) => log.LogInformation("Executed DbCommand {Statement}", sql);

    private sealed class PostgresBatch(DbContext db, NpgsqlConnection connection) : SqlBatch(db)
    {
        private readonly NpgsqlBatch batch = new(connection);

        public override bool IsPostgres => true;

        public override void Add(string sql, params ReadOnlySpan<SqlValue> values)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(Parameter(value));
            batch.BatchCommands.Add(command);
        }

        public override async Task<SqlResults> Read(CancellationToken cancellation)
        {
            var reader = await batch.ExecuteReaderAsync(cancellation);
            LogStatements();
            return new SqlResults(
                reader, async () => await reader.NextResultAsync(cancellation) ? reader : null, cancellation);
        }

        public override async Task Run(CancellationToken cancellation)
        {
            await batch.ExecuteNonQueryAsync(cancellation);
            LogStatements();
        }

        internal override Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            return Run(cancellation);
        }

        public override void Dispose() => batch.Dispose();

        private void LogStatements()
        {
            foreach (var command in batch.BatchCommands)
                Log(command.CommandText);
        }

        private static NpgsqlParameter Parameter(SqlValue value)
        {
            var parameter = new NpgsqlParameter { Value = value.Value ?? DBNull.Value };
            if (value.IsJson)
                parameter.NpgsqlDbType = NpgsqlDbType.Jsonb;
            else if (value.Type == DbType.Object)
                parameter.NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text;
            else
                parameter.DbType = value.Type;
            return parameter;
        }
    }

    private sealed class SqliteBatch(DbContext db, SqliteConnection connection) : SqlBatch(db)
    {
        private readonly List<SqliteCommand> commands = [];
        private int next;

        public override bool IsPostgres => false;

        public override void Add(string sql, params ReadOnlySpan<SqlValue> values)
        {
            var command = connection.CreateCommand();
#pragma warning disable CA2100 // The callers' statements are constants.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < values.Length; i++)
                command.Parameters.AddWithValue(
                    string.Create(CultureInfo.InvariantCulture, $"${i + 1}"), Value(values[i]));
            commands.Add(command);
        }

        public override async Task<SqlResults> Read(CancellationToken cancellation) =>
            new(await Next(cancellation), () => Next(cancellation), cancellation);

        public override async Task Run(CancellationToken cancellation)
        {
            foreach (var command in commands)
            {
                await command.ExecuteNonQueryAsync(cancellation);
                Log(command.CommandText);
            }
        }

        internal override async Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation)
        {
            await Run(cancellation);
            await commit(cancellation);
        }

        public override void Dispose() => commands.ForEach(command => command.Dispose());

        /// <summary>The rows of the next statement that returns rows; null if none is left.</summary>
        private async Task<DbDataReader?> Next(CancellationToken cancellation)
        {
            while (next < commands.Count)
            {
                var command = commands[next++];
                var reader = await command.ExecuteReaderAsync(cancellation);
                Log(command.CommandText);
                if (reader.FieldCount > 0)
                    return reader;
                await reader.DisposeAsync();
            }
            return null;
        }

        private static object Value(SqlValue value) =>
            value.Value is string[] texts ? JsonSerializer.Serialize(texts) : value.Value ?? DBNull.Value;
    }
}
