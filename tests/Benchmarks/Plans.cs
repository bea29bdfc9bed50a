using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;

namespace Benchmarks;

/// <summary>The query plan of a filter: of the statement that the server sends.</summary>
internal static class Plans
{
    public static Task<List<string>> Of(Database database, string filter) => database.With(async db =>
    {
        await db.Database.OpenConnectionAsync();
        using var budget = new SearchBudget(TimeProvider.System);
        var options = Options.Create(new ScimOptions { BaseUrl = "http://localhost:5002/scim/v2" });
        var sql = new SqlText(SqlDialect.Of(db.Database))
            .Append(database.IsPostgres ? "EXPLAIN " : "EXPLAIN QUERY PLAN ");
        new UserSearch(db, budget, options).WritePage(
            sql,
            new(SeededUsers.Account.Id, BoundFilter.Parse(filter, ResourceType.User.Find)),
            sortKey: null, after: null, skip: 0, take: 100);
        await using var command = sql.ToCommand(db.Database.GetDbConnection());
        await using var plan = await command.ExecuteReaderAsync();
        var steps = new List<string>();
        while (await plan.ReadAsync())
            steps.Add(plan.GetString(database.IsPostgres ? 0 : 3));
        return steps;
    });

    /// <summary>Whether no step scans a table, or all users of an account.</summary>
    public static bool IsLookUp(IReadOnlyList<string> plan) =>
        plan.Any(step => step.Contains("SEARCH", StringComparison.Ordinal)
            || step.Contains("Index Cond:", StringComparison.Ordinal))
        && !plan.Any(step => step.StartsWith("SCAN", StringComparison.Ordinal)
            || step.EndsWith("(AccountId=?)", StringComparison.Ordinal)
            || step.Contains("Seq Scan", StringComparison.Ordinal));
}
