using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Users.Walks;

/// <summary>Creates many users.</summary>
internal static class Crowd
{
    /// <summary>
    /// Creates users u0, u1 … of an account, each with a profile of this length; returns their ids in this order.
    /// </summary>
    public static async Task<List<string>> Gather(
        this ScimServer server, TestAccount account, int count, int length = 0)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(default);
        var ids = new List<string>();
        var first = DateTime.UtcNow.Date.AddDays(-1);
        for (var i = 0; i < count; i++)
        {
            var now = first.AddMilliseconds(i);
            var user =
                new User { AccountId = account.Id, Id = Guid.CreateVersion7(now), Source = "scim", Created = now };
            var person = RequestBody.Parse(Encoding.UTF8.GetBytes(Person(i)));
            var attributes = DocumentReader.Read(ResourceType.User, person, new());
            attributes["active"] = true;
            // As if stored before there was a limit.
            if (length > 0)
                attributes["profileUrl"] = "http://x/" + new string('x', length);
            user.SetDocument(UserDocument.Compose(user.Id, attributes), claimsWorkEmail: true, now);
            db.Add(user);
            ids.Add(user.Id.ToString());
        }
        await db.SaveChangesAsync();
        using var batch = SqlBatch.On(db);
        batch.LockAccount(account.Id);
        batch.ChangePopulation(account.Id, count);
        await write.Commit(batch, default);
        return ids;
    }

    /// <summary>The query plan, step by step.</summary>
    public static async Task<List<string>> Plan(this ScimDbContext db, IQueryable query)
    {
        await using var command = query.CreateDbCommand();
        command.CommandText = (db.Database.IsNpgsql() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ") + command.CommandText;
        await using var reader = await command.ExecuteReaderAsync();
        var steps = new List<string>();
        while (await reader.ReadAsync())
            steps.Add(reader.GetString(db.Database.IsNpgsql() ? 0 : 3));
        return steps;
    }

    /// <summary>
    /// A user with a different position in each order: by creation, name and nickName (which many share or lack).
    /// </summary>
    public static string Person(int i) => Requests.NewUser(
        $"{(char)('a' + (i * 7 % 26))}{i}@example.com",
        $$"""
        {{(i % 3 == 0 ? "" : $",\"nickName\":\"N{i % 5}\"")}},"title":"{{(i % 4 == 0 ? "Guest" : "Staff")}}","externalId":"{{i}}"
        """);
}
