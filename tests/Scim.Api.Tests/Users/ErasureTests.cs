using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
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
            await client.Delete($"Users/{(await client.CreateUser("gone@example.com", ",\"externalId\":\"gone\"")).Id()}");

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
