using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Connect;

/// <summary>
/// Finds a token and everything that introspection returns about it, with one statement. This is the most frequent
/// query, so the statement stays compiled on a few connections that stay open: SQLite compiles each new command, which
/// costs more than the rest of an introspection. If all connections are in use, callers wait for the next free one. The
/// connections do not belong to a pool, so that nothing else can keep introspection waiting for a connection.
/// </summary>
internal sealed class TokenLookup(string connectionString) : IDisposable
{
    private const int MostConnections = 5;
    private static readonly TimeSpan maxWait = TimeSpan.FromSeconds(10);

    private readonly ConcurrentBag<DbCommand> idle = [];
    private readonly SemaphoreSlim free = new(MostConnections, MostConnections);

    // Unpooled, as the connections here stay open.
    private readonly string database = ConnectionStrings.IsPostgres(connectionString)
        ? ConnectionStrings.Unpooled(connectionString)
        : connectionString;

    /// <summary>
    /// Finds a token by id, with the subject tokens that were exchanged for it; null if there is none.
    /// </summary>
    /// <param name="id">The id of the token's row.</param>
    /// <param name="node">
    /// The node of <c>Scim.Api</c> that asks, whose last contact is also read; null if none does.
    /// </param>
    /// <param name="cancellation">Cancels the lookup.</param>
    public async Task<KnownToken?> Find(Guid id, Guid? node, CancellationToken cancellation)
    {
        var token = await FindWithoutSubject(id, node, cancellation);
        return token?.SubjectTokenId is { } subject
            ? token with { Subject = await Find(subject, node: null, cancellation) }
            : token;
    }

    public void Dispose()
    {
        CloseIdle();
        free.Dispose();
    }

    private async Task<KnownToken?> FindWithoutSubject(Guid id, Guid? node, CancellationToken cancellation)
    {
        if (!await free.WaitAsync(maxWait, cancellation))
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
            // The database may have been restarted, in which case the other idle connections are broken, too. After a
            // timeout, the query is not repeated.
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

    /// <summary>Closes the connections that are not in use.</summary>
    public void CloseIdle()
    {
        while (idle.TryTake(out var command))
            Close(command);
    }

    private async Task<KnownToken?> Run(DbCommand command, Guid id, Guid? node, CancellationToken cancellation)
    {
        var hasSucceeded = false;
        try
        {
            command.Parameters[0].Value = id;
            command.Parameters[1].Value = node ?? Guid.Empty;
            await using var row = await command.ExecuteReaderAsync(cancellation);
            var token = await row.ReadAsync(cancellation) ? await TokenRow.Read(row, cancellation) : null;
            hasSucceeded = true;
            return token;
        }
        finally
        {
            if (hasSucceeded)
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
