using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users;

internal sealed class ErasureTests
{
    [Test]
    public async Task Deleted_users_are_erased_after_thirty_days_and_others_never()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await ScimServer.Start(time: time);
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        await client.CreateUser("ann@example.com");
        for (var i = 0; i < 3; i++)
            await client.Delete(
                $"Users/{(await client.CreateUser("gone@example.com", ",\"externalId\":\"gone\"")).Id()}");

        var erasure = server.Services.GetServices<IHostedService>().OfType<Erasure>().Single();
        time.Advance(TimeSpan.FromDays(29));
        Assert.That(await Gone(server, account), Is.EqualTo(3));
        time.Advance(TimeSpan.FromDays(2));
        await erasure.EraseAll(default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Gone(server, account), Is.Zero);
            Assert.That(await erasure.EraseAll(default), Is.Zero);
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
            Assert.That(
                (string)(await client.Get("Users"))["Resources"]![0]!["userName"]!, Is.EqualTo("ann@example.com"));
        }
    }

    [Test]
    public async Task Users_of_every_account_are_erased()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        await using var server = await ScimServer.Start(time: time);
        for (var i = 0; i < 3; i++)
        {
            using var client = server.ClientOf(new TestAccount());
            for (var user = 0; user < 25; user++)
                await client.Delete($"Users/{(await client.CreateUser($"gone{user}@example.com")).Id()}");
        }
        time.Advance(TimeSpan.FromDays(31));
        var erasure = server.Services.GetServices<IHostedService>().OfType<Erasure>().Single();
        await erasure.EraseAll(default);

        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        Assert.That(await db.Users.CountAsync(user => user.Document == ""), Is.EqualTo(75));
    }

    [TestCase(0, 0, Description = "Everybody is active.")]
    [TestCase(0, 24, Description = "Those who were deleted have been erased long ago.")]
    [TestCase(20, 0, Description = "Most are deleted.")]
    [TestCase(1, 20)]
    public async Task An_index_finds_the_users_to_erase_among_many_others(int deleted, int erased)
    {
        const int Accounts = 120, Users = 25;
        await using var server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var accounts = Enumerable.Range(0, Accounts).Select(_ => Guid.NewGuid()).Order().ToList();
        var now = DateTime.UtcNow;
        for (var i = 0; i < Accounts * Users; i++)
        {
            var (account, number) = (accounts[i / Users], i % Users);
            var user = new User { AccountId = account, Id = Guid.CreateVersion7(), Source = "scim", Created = now };
            user.SetDocument(
                JsonNode.Parse(Requests.NewUser($"u{number}@example.com"))!.AsObject(), claimsWorkEmail: true, now);
            if (number < deleted + erased)
                user.Delete(now);
            if (number >= deleted && number < deleted + erased)
                user.Erase();
            db.Add(user);
        }
        await db.SaveChangesAsync();
        // PostgreSQL eventually does this by itself; SQLite does not.
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"ANALYZE");
        await db.Database.OpenConnectionAsync();

        var next = await db.Plan(Erasure.AccountsToErase(db, accounts[Accounts / 2]).Take(1));
        var users = await db.Plan(Erasure.UsersToErase(db, accounts[Accounts / 2], now).Take(20));
        var ofTests = await db.Plan(Erasure.UsersOfTests(db, accounts[Accounts / 2], now));

        foreach (var plan in new[] { next, users })
        {
            Assert.That(plan, Has.Some.Contains("IX_Users_AccountId_DeletedAt"), string.Join('\n', plan));
            Assert.That(plan, Has.None.Contains("Seq Scan").And.None.StartsWith("SCAN"), string.Join('\n', plan));
        }
        Assert.That(ofTests, Has.Some.Contains("IX_Users_AccountId_Source_Id"), string.Join('\n', ofTests));
        Assert.That(next, Has.None.Contains("TEMP B-TREE").And.None.Contains("Sort"), string.Join('\n', next));
    }

    private static async Task<int> Gone(ScimServer server, TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<ScimDbContext>().Users.Where(
            user => user.AccountId == account.Id);
        Assert.That(await users.CountAsync(user => user.DeletedAt != null), Is.EqualTo(3), "ids and times stay");
        return await users.CountAsync(
            user => user.Document.Contains("gone") || user.SearchText.Contains("gone") || user.ExternalId == "gone");
    }
}
