using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Users.Search;

/// <summary>Which users of an account are wanted, and in what order; by creation, if none is named.</summary>
internal sealed record UserQuery(Guid AccountId, Filter? Filter = null, Sorting? Sorting = null)
{
    /// <summary>Whether indexes serve the query, so that it needs no budget.</summary>
    public bool IsIndexed => Filter is null ? Sorting is null : Filter.IsLookup(ResourceType.User.Find);
}

/// <summary>
/// Where a user stands in the order of a query: the value it is sorted by, folded (null if it is missing, or if the
/// query names no order), and its id.
/// </summary>
internal sealed record UserPosition(Guid Id, string? Value = null);

/// <summary>A user that was found, as it is answered, and where it stands.</summary>
internal sealed record FoundUser(Resource Resource, UserPosition Position);

/// <summary>Finds users in the database. Nothing is loaded that is not answered.</summary>
internal sealed class UserSearch(ScimDbContext db, SearchBudget budget, IOptions<ScimOptions> options)
{
    /// <summary>
    /// The next <paramref name="take"/> users of the query behind a position, or from its beginning, after leaving out
    /// <paramref name="skip"/>.
    /// </summary>
    public Task<IReadOnlyList<FoundUser>> Find(
        UserQuery query, UserPosition? after, int skip, int take, CancellationToken cancellation)
    {
        var sql = new SqlText(SqlDialect.Of(db.Database));
        var sortKey = query.Sorting is null ? null : SortKey.Of(query.Sorting, sql, options.Value.BaseUrl);
        WritePage(sql, query, sortKey, after, skip, take);
        return Run(query, sql, command => Read(command, sortKey, cancellation), cancellation);
    }

    /// <summary>How many users the query has.</summary>
    public Task<int> Count(UserQuery query, CancellationToken cancellation)
    {
        if (query.Filter is null)
            return db.CountUsers(query.AccountId, cancellation);
        var sql = new SqlText(SqlDialect.Of(db.Database)).Append("SELECT COUNT(*)");
        WriteUsers(sql, query);
        return Run(
            query,
            sql,
            async command => Convert.ToInt32(
                await command.ExecuteScalarAsync(cancellation), System.Globalization.CultureInfo.InvariantCulture),
            cancellation);
    }

    /// <summary>The statement that <see cref="Find"/> runs.</summary>
    public void WritePage(SqlText sql, UserQuery query, SortKey? sortKey, UserPosition? after, int skip, int take)
    {
        sql.Append("SELECT u.\"Id\", u.\"Document\", u.\"Created\", u.\"LastModified\", u.\"Version\"");
        if (sortKey is not null)
            sql.Append($", {sortKey.Operand.Sql}");
        WriteUsers(sql, query);
        if (after is not null)
            sql.Append($" AND {Behind(after, sortKey, sql)}");
        sql.Append(" ORDER BY ");
        if (sortKey is not null)
            sql.Append($"{sortKey.Order(sql.Dialect)}, ");
        sql.Append($"u.\"Id\" LIMIT {sql.Parameter(take)} OFFSET {sql.Parameter(skip)}");
    }

    private static string Behind(UserPosition after, SortKey? sortKey, SqlText sql)
    {
        var later = $"u.\"Id\" > {sql.Parameter(after.Id)}";
        return sortKey is null ? later : sortKey.Behind(after.Value, later, sql);
    }

    private void WriteUsers(SqlText sql, UserQuery query)
    {
        sql.Append($" FROM \"Users\" AS u WHERE u.\"AccountId\" = {sql.Parameter(query.AccountId)}");
        sql.Append(" AND u.\"DeletedAt\" IS NULL");
        if (query.Filter is not null)
            sql.Append(" AND ").Append(
                new FilterSql(ResourceType.User, sql, query.AccountId, options.Value.BaseUrl).Write(query.Filter));
    }

    private async Task<T> Run<T>(
        UserQuery query, SqlText sql, Func<DbCommand, Task<T>> execute, CancellationToken cancellation)
    {
        return query.IsIndexed
            ? await OnConnection(cancellation)
            : await budget.Run(db, query.AccountId, OnConnection, cancellation);

        async Task<T> OnConnection(CancellationToken deadline)
        {
            await db.Database.OpenConnectionAsync(deadline);
            try
            {
                await using var command = sql.ToCommand(db.Database.GetDbConnection());
                command.Transaction = db.Database.CurrentTransaction?.GetDbTransaction();
                return await execute(command);
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        }
    }

    private static async Task<IReadOnlyList<FoundUser>> Read(
        DbCommand command, SortKey? sortKey, CancellationToken cancellation)
    {
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<FoundUser>();
        while (await row.ReadAsync(cancellation))
        {
            var id = row.GetGuid(0);
            var resource = User.ToResource(id, row.GetString(1)) with
            {
                Created = Utc(row, 2), LastModified = Utc(row, 3), Version = row.GetInt64(4),
            };
            found.Add(new FoundUser(resource, new UserPosition(id, sortKey?.Operand.Read(row, 5))));
        }
        return found;
    }

    private static DateTime Utc(DbDataReader row, int column) =>
        DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc);
}
