using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;

namespace Benchmarks;

/// <summary>
/// Fills a database with accounts and the <see cref="SeededUsers"/> of the first one, with COPY on PostgreSQL and one
/// prepared statement per table on SQLite. The tables are read from the model, so that a new column needs no change
/// here.
/// </summary>
internal static class BulkInsert
{
    private const int Batch = 1000;

    public static async Task Fill(ScimDbContext db, IReadOnlyList<Guid> accounts, int users)
    {
        await db.Database.MigrateAsync();
        await db.Database.OpenConnectionAsync();
        if (db.Database.IsSqlite())
            await db.Database.ExecuteSqlRawAsync("PRAGMA synchronous = OFF");

        db.ChangeTracker.AutoDetectChangesEnabled = false;
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            foreach (var (i, account) in accounts.Index())
            {
                var present = i == 0 ? users : 0;
                db.Add(new Population { AccountId = account, Users = present });
                db.Add(new SeatCount { AccountId = account, Product = SeededUsers.Product, Used = present });
            }
            await db.SaveChangesAsync();
            db.ChangeTracker.Clear();
            foreach (var numbers in Enumerable.Range(0, users).Chunk(Batch))
            {
                foreach (var user in numbers.Select(number => SeededUsers.Create(accounts[0], number)))
                {
                    db.Add(user);
                    db.Add(new Seat { AccountId = user.AccountId, UserId = user.Id, Product = SeededUsers.Product });
                }
                foreach (var rows in db.ChangeTracker.Entries().GroupBy(entry => entry.Metadata).OrderBy(Rank))
                    await Insert(db, rows.Key, rows);
                db.ChangeTracker.Clear();
            }
            await transaction.CommitAsync();
        }
        if (db.Database.IsSqlite())
            await db.Database.ExecuteSqlRawAsync("PRAGMA wal_checkpoint(TRUNCATE)");
        else
            await Settle(db);
    }

    /// <summary>
    /// Does what PostgreSQL would do by itself over time: vacuum, checkpoint, and load what is read into memory.
    /// </summary>
    private static async Task Settle(ScimDbContext db)
    {
        await db.Database.ExecuteSqlRawAsync("VACUUM ANALYZE");
        await db.Database.ExecuteSqlRawAsync("CHECKPOINT");
        await db.Database.ExecuteSqlRawAsync("CREATE EXTENSION IF NOT EXISTS pg_prewarm");
        await db.Database.ExecuteSqlRawAsync(
            "SELECT pg_prewarm(oid) FROM pg_class "
            + "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')");
    }

    // A user is inserted before the rows that refer to it.
    private static int Rank(IGrouping<IEntityType, EntityEntry> rows) => rows.Key.ClrType == typeof(User) ? 0 : 1;

    private static Task Insert(ScimDbContext db, IEntityType type, IEnumerable<EntityEntry> rows)
    {
        var table = StoreObjectIdentifier.Table(type.GetTableName()!);
        var columns = type.GetProperties().Where(property => property.GetColumnName(table) is not null).ToArray();
        var names = string.Join(", ", columns.Select(column => $"\"{column.GetColumnName(table)}\""));
        var values = rows.Select(row => columns.Select(column => Value(row, column)));
        return db.Database.GetDbConnection() is NpgsqlConnection postgres
            ? Copy(postgres, $"COPY \"{table.Name}\" ({names}) FROM STDIN (FORMAT BINARY)", columns, values)
            : Execute(db, $"INSERT INTO \"{table.Name}\" ({names}) VALUES", columns, values);
    }

    private static object? Value(EntityEntry row, IProperty column)
    {
        var value = row.CurrentValues[column];
        return column.GetTypeMapping().Converter is { } converter ? converter.ConvertToProvider(value) : value;
    }

    private static async Task Copy(
        NpgsqlConnection connection, string copy, IProperty[] columns, IEnumerable<IEnumerable<object?>> rows)
    {
        await using var writer = await connection.BeginBinaryImportAsync(copy);
        foreach (var row in rows)
        {
            await writer.StartRowAsync();
            foreach (var (value, column) in row.Zip(columns))
            {
                if (value is null)
                    await writer.WriteNullAsync();
                else
                    await writer.WriteAsync(value, column.GetColumnType());
            }
        }
        await writer.CompleteAsync();
    }

    private static async Task Execute(
        ScimDbContext db, string insert, IProperty[] columns, IEnumerable<IEnumerable<object?>> rows)
    {
        await using var command = db.Database.GetDbConnection().CreateCommand();
        var parameters = columns.Select((column, i) =>
            column.GetRelationalTypeMapping().CreateParameter(command, $"@p{i}", null, nullable: true)).ToArray();
        command.Parameters.AddRange(parameters);
        // The names come from the model; the values are parameters.
#pragma warning disable CA2100
        command.CommandText = $"{insert} ({string.Join(", ", parameters.Select(p => p.ParameterName))})";
#pragma warning restore CA2100
        foreach (var row in rows)
        {
            foreach (var (value, parameter) in row.Zip<object?, DbParameter>(parameters))
                parameter.Value = value ?? DBNull.Value;
            await command.ExecuteNonQueryAsync();
        }
    }
}
