using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users;

/// <summary>What clients ask at every assignment is found by an index, and never by looking through the account.</summary>
internal sealed class PlanTests
{
    [TestCase("userName eq \"a\"", "IX_Users_AccountId_UserNameKey (AccountId=? AND UserNameKey=?)")]
    [TestCase("externalId eq \"a\"", "IX_Users_AccountId_ExternalId_Id (AccountId=? AND ExternalId=?)")]
    [TestCase("id eq \"0193f3b0-0000-7000-8000-000000000000\"", "(AccountId=? AND Id=?)")]
    [TestCase("emails.value eq \"a\"", "(AccountId=? AND ValueKey=?)")]
    [TestCase("emails[type eq \"work\" and value eq \"a\"]", "(AccountId=? AND ValueKey=?)")]
    [TestCase("userName eq \"a\" and active eq true", "IX_Users_AccountId_UserNameKey (AccountId=? AND UserNameKey=?)")]
    public async Task An_index_finds(string filter, string step)
    {
        await using var server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var account = Guid.NewGuid();
        var users = db.UsersOf(account).Matching(Filter.Parse(filter), db, account);
        var plan = await Plan(db, users.OrderBy(user => user.Id).Skip(0).Take(100));
        Assert.That(plan, Does.Contain(step).And.Not.Contain("SCAN").And.Not.Contain("(AccountId=?)"));
    }

    [Test]
    public async Task A_page_is_read_in_the_order_of_the_key()
    {
        await using var server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var plan = await Plan(db, db.UsersOf(Guid.NewGuid()).OrderBy(user => user.Id).Skip(0).Take(100));
        Assert.That(plan, Does.Contain("(AccountId=?)").And.Not.Contain("TEMP B-TREE"));
    }

    private static async Task<string> Plan(ScimDbContext db, IQueryable<User> users)
    {
        await db.Database.OpenConnectionAsync();
        await using var command = users.CreateDbCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + command.CommandText;
        await using var reader = await command.ExecuteReaderAsync();
        var steps = new List<string>();
        while (await reader.ReadAsync())
            steps.Add(reader.GetString(3));
        return string.Join('\n', steps);
    }
}
