using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Connect;

/// <summary>
/// Finds a token and all that its introspection tells, in one statement. Nothing is asked more often, so the statement
/// stays compiled, on a few connections that stay open: SQLite compiles anew for each command, which costs more than
/// all the rest of an introspection. When all of them are in use, a caller waits here for the next that becomes free.
/// They belong to no pool, so that nothing else that the server does keeps introspection from a connection.
/// </summary>
internal sealed class TokenLookup(string connectionString) : IDisposable
{
    private const int MostConnections = 5;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentBag<DbCommand> idle = [];
    private readonly SemaphoreSlim free = new(MostConnections, MostConnections);

    // The connections that stay open here are the pool.
    private readonly string database = ConnectionStrings.IsPostgres(connectionString)
        ? ConnectionStrings.Unpooled(connectionString)
        : connectionString;

    /// <summary>The token whose row has this id, with those that it was exchanged for; null if there is none.</summary>
    /// <param name="id">The id of the token's row.</param>
    /// <param name="node">The node of <c>Scim.Api</c> that asks, whose last sign of life is looked up too; null if none
    /// does.</param>
    /// <param name="cancellation">Ends the lookup.</param>
    public async Task<KnownToken?> Find(Guid id, Guid? node, CancellationToken cancellation)
    {
        var token = await FindAlone(id, node, cancellation);
        return token?.SubjectTokenId is { } subject
            ? token with { Subject = await Find(subject, node: null, cancellation) }
            : token;
    }

    public void Dispose()
    {
        CloseIdle();
        free.Dispose();
    }

    private async Task<KnownToken?> FindAlone(Guid id, Guid? node, CancellationToken cancellation)
    {
        if (!await free.WaitAsync(patience, cancellation))
            throw new TimeoutException("No connection for the lookup of a token became free in time.");
        try
        {
            return await FindNow(id, node, cancellation);
        }
        finally
        {
            free.Release();
        }
    }

    private async Task<KnownToken?> FindNow(Guid id, Guid? node, CancellationToken cancellation)
    {
        if (TakeIdle() is { } waiting)
        {
            try
            {
                return await Run(waiting, id, node, cancellation);
            }
            // The database was restarted while nobody looked, and the other connections are as dead. A database that
            // does not answer is not asked twice.
            catch (DbException error) when (error.InnerException is not TimeoutException)
            {
                CloseIdle();
            }
        }
        return await Run(await Prepare(cancellation), id, node, cancellation);
    }

    private DbCommand? TakeIdle()
    {
        while (idle.TryTake(out var command))
        {
            if (command.Connection!.State == ConnectionState.Open)
                return command;
            Close(command);
        }
        return null;
    }

    /// <summary>Closes the connections that nobody uses now.</summary>
    public void CloseIdle()
    {
        while (idle.TryTake(out var command))
            Close(command);
    }

    private async Task<KnownToken?> Run(DbCommand command, Guid id, Guid? node, CancellationToken cancellation)
    {
        var isSound = false;
        try
        {
            command.Parameters[0].Value = id;
            command.Parameters[1].Value = node ?? Guid.Empty;
            await using var row = await command.ExecuteReaderAsync(cancellation);
            var token = await row.ReadAsync(cancellation) ? await TokenRow.Read(row, cancellation) : null;
            isSound = true;
            return token;
        }
        finally
        {
            if (isSound)
                idle.Add(command);
            else
                Close(command);
        }
    }

    private async Task<DbCommand> Prepare(CancellationToken cancellation)
    {
        DbConnection connection = ConnectionStrings.IsPostgres(connectionString)
            ? new NpgsqlConnection(database)
            : new SqliteConnection(database);
        var command = connection.CreateCommand();
        try
        {
            await connection.OpenAsync(cancellation);
            command.CommandText = TokenRow.Statement;
            foreach (var name in new[] { "@id", "@node" })
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.DbType, parameter.Value) = (name, DbType.Guid, Guid.Empty);
                command.Parameters.Add(parameter);
            }
            await command.PrepareAsync(cancellation);
            return command;
        }
        catch
        {
            Close(command);
            throw;
        }
    }

    private static void Close(DbCommand command)
    {
        var connection = command.Connection;
        command.Dispose();
        connection?.Dispose();
    }
}
