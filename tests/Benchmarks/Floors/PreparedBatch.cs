using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using Scim.Api.Data;

namespace Benchmarks.Floors;

/// <summary>
/// Statements that are prepared once per connection, on connections that stay open, and that run one after another: on
/// PostgreSQL in one round trip and one transaction; on SQLite in one transaction if they write. Parameters are named
/// <c>$1</c>, <c>$2</c> and so on, in each statement from the beginning.
/// </summary>
internal sealed class PreparedBatch(string connectionString, bool writes, params string[] statements)
{
    // SQLite has one writer at a time; waiting here is cheaper than polling for its lock.
    private static readonly SemaphoreSlim writer = new(1);

    private readonly ConcurrentBag<Prepared> idle = [];

    /// <summary>Runs the statements with their values, and passes each row of their results to a reader.</summary>
    public async Task Run(object[][] values, Action<DbDataReader>? read = null)
    {
        if (!idle.TryTake(out var prepared))
            prepared = await Prepare(values);
        if (prepared.Batch is { } batch)
            await Run(batch, values, read);
        else
            await Run(prepared, values, read);
        idle.Add(prepared);
    }

    private static async Task Run(NpgsqlBatch batch, object[][] values, Action<DbDataReader>? read)
    {
        for (var i = 0; i < values.Length; i++)
        {
            for (var j = 0; j < values[i].Length; j++)
                batch.BatchCommands[i].Parameters[j].Value = values[i][j];
        }
        await using var reader = await batch.ExecuteReaderAsync();
        do
        {
            while (await reader.ReadAsync())
                read?.Invoke(reader);
        }
        while (await reader.NextResultAsync());
    }

    private async Task Run(Prepared prepared, object[][] values, Action<DbDataReader>? read)
    {
        if (writes)
            await writer.WaitAsync();
        try
        {
            prepared.Begin?.ExecuteNonQuery();
            for (var i = 0; i < values.Length; i++)
            {
                var command = prepared.Commands[i];
                for (var j = 0; j < values[i].Length; j++)
                    command.Parameters[j].Value = values[i][j];
                using var reader = command.ExecuteReader();
                while (reader.Read())
                    read?.Invoke(reader);
            }
            prepared.Commit?.ExecuteNonQuery();
        }
        catch
        {
            prepared.Rollback?.ExecuteNonQuery();
            throw;
        }
        finally
        {
            if (writes)
                writer.Release();
        }
    }

    // The statements are constants of the floors.
#pragma warning disable CA2100
    private async Task<Prepared> Prepare(object[][] values)
    {
        if (!new DatabaseOptions { Scim = connectionString }.IsPostgres)
            return PrepareSqlite(values);
        // Three batches write, on 16 connections each.
        var connection = new NpgsqlConnection($"{connectionString};Maximum Pool Size=48");
        await connection.OpenAsync();
        var batch = new NpgsqlBatch(connection);
        foreach (var (statement, parameters) in statements.Zip(values))
        {
            var command = new NpgsqlBatchCommand(statement);
            command.Parameters.AddRange(
                Array.ConvertAll(parameters, value => new NpgsqlParameter { Value = value }));
            batch.BatchCommands.Add(command);
        }
        await batch.PrepareAsync();
        return new(batch, [], Begin: null, Commit: null, Rollback: null);
    }

    private Prepared PrepareSqlite(object[][] values)
    {
        var connection = new SqliteConnection(connectionString);
        connection.Open();
        // The settings of the product.
        Command("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 2147418112", [])
            .ExecuteNonQuery();
        return new(
            Batch: null,
            [.. statements.Zip(values, Command)],
            writes ? Command("BEGIN IMMEDIATE", []) : null,
            writes ? Command("COMMIT", []) : null,
            writes ? Command("ROLLBACK", []) : null);

        SqliteCommand Command(string statement, object[] parameters)
        {
            var command = connection.CreateCommand();
            command.CommandText = statement;
            foreach (var (i, value) in parameters.Index())
                command.Parameters.Add(new SqliteParameter($"${i + 1}", value));
            command.Prepare();
            return command;
        }
    }
#pragma warning restore CA2100

    private sealed record Prepared(
        NpgsqlBatch? Batch, SqliteCommand[] Commands, SqliteCommand? Begin, SqliteCommand? Commit,
        SqliteCommand? Rollback);
}
