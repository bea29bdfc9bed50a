using System.Data.Common;
using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Shared.Hosting.Data;

/// <summary>
/// Statements that are run together, in order. PostgreSQL gets them in one message, so that they take one round trip;
/// SQLite runs them one after the other. If a statement fails, those after it are not run.
/// <para>
/// It is for the few statements of the most frequent requests, which are written by hand for both databases, with
/// parameters <c>$1</c>, <c>$2</c>, and so on.
/// </para>
/// </summary>
public abstract class SqlBatch : IDisposable
{
    /// <summary>Creates an empty batch on an open connection.</summary>
    public static SqlBatch On(DbConnection connection) => connection is NpgsqlConnection postgres
        ? new PostgresBatch(postgres)
        : new SqliteBatch((SqliteConnection)connection);

    /// <inheritdoc />
    public abstract void Dispose();

    /// <summary>Whether the database is PostgreSQL.</summary>
    public abstract bool IsPostgres { get; }

    /// <summary>Adds a statement, and the values of its parameters.</summary>
    public abstract void Add(string sql, params ReadOnlySpan<SqlValue> values);

    /// <summary>Runs statements that return rows.</summary>
    public abstract Task<SqlResults> Read(CancellationToken cancellation);

    /// <summary>Runs statements that return no rows.</summary>
    public abstract Task Run(CancellationToken cancellation);

    /// <summary>
    /// Runs statements that write, and commits their transaction: COMMIT is the last statement of the batch or, on
    /// SQLite, <paramref name="commit"/>.
    /// </summary>
    internal abstract Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation);

    private sealed class PostgresBatch(NpgsqlConnection connection) : SqlBatch
    {
        private readonly NpgsqlBatch batch = new(connection);

        public override void Dispose() => batch.Dispose();

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
            return new SqlResults(
                reader, async () => await reader.NextResultAsync(cancellation) ? reader : null, cancellation);
        }

        public override Task Run(CancellationToken cancellation) => batch.ExecuteNonQueryAsync(cancellation);

        internal override Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
            return Run(cancellation);
        }

        private static NpgsqlParameter Parameter(SqlValue value)
        {
            var parameter = new NpgsqlParameter { Value = value.Value ?? DBNull.Value };
            if (value.IsJson)
                parameter.NpgsqlDbType = NpgsqlDbType.Jsonb;
            else
                parameter.DbType = value.Type;
            return parameter;
        }
    }

    private sealed class SqliteBatch(SqliteConnection connection) : SqlBatch
    {
        private readonly List<SqliteCommand> commands = [];
        private int next;

        public override void Dispose() => commands.ForEach(command => command.Dispose());

        public override bool IsPostgres => false;

        public override void Add(string sql, params ReadOnlySpan<SqlValue> values)
        {
            var command = connection.CreateCommand();
#pragma warning disable CA2100 // The callers' statements are constants.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 0; i < values.Length; i++)
                command.Parameters.AddWithValue(
                    string.Create(CultureInfo.InvariantCulture, $"${i + 1}"), values[i].Value ?? DBNull.Value);
            commands.Add(command);
        }

        public override async Task<SqlResults> Read(CancellationToken cancellation) =>
            new(await Next(cancellation), () => Next(cancellation), cancellation);

        public override async Task Run(CancellationToken cancellation)
        {
            foreach (var command in commands)
                await command.ExecuteNonQueryAsync(cancellation);
        }

        internal override async Task Commit(Func<CancellationToken, Task> commit, CancellationToken cancellation)
        {
            await Run(cancellation);
            await commit(cancellation);
        }

        private async Task<DbDataReader?> Next(CancellationToken cancellation)
        {
            while (next < commands.Count)
            {
                var reader = await commands[next++].ExecuteReaderAsync(cancellation);
                if (reader.FieldCount > 0)
                    return reader;
                await reader.DisposeAsync();
            }
            return null;
        }
    }
}
