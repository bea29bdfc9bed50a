using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

internal sealed class RefoldingTests
{
    [Test]
    public async Task Keys_of_an_older_version_are_folded_again_and_the_user_does_not_change()
    {
        await using var server = await ScimServer.Start();
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        for (var i = 0; i < 3; i++)
            await client.CreateUser($"User{i}@Example.com", ""","title":"Chief" """);
        var before = (await client.Get("Users"))["Resources"]!.ToJsonString();

        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.UsersOf(account.Id).ExecuteUpdateAsync(users => users
            .SetProperty(user => user.SearchVersion, 0).SetProperty(user => user.Search, "{}")
            .SetProperty(user => user.UserNameKey, user => "old" + user.Id));
        const string Search = "Users?filter=title eq \"chief\" and userName sw \"USER\"";
        Assert.That((int)(await client.Get(Search))["totalResults"]!, Is.Zero);

        await server.Services.GetRequiredService<Refolding>().RefoldAll(default);
        Assert.That((int)(await client.Get(Search))["totalResults"]!, Is.EqualTo(3));
        Assert.That((await client.Get("Users"))["Resources"]!.ToJsonString(), Is.EqualTo(before));
    }

    /// <summary>Under version 1, names in different normalization forms or widths were different.</summary>
    [TestCase("jose\u0301", "josé", Description = "the younger one's old key is the older one's new key")]
    [TestCase("josé", "jose\u0301")]
    [TestCase("ｊosé", "jose\u0301", Description = "no old key is the new one")]
    [TestCase("\uFF8A\uFF9F", "\u30CF\u309A", "\u30D1", Description = "three users")]
    [TestCase("\u30D1", "\uFF8A\uFF9F", "\u30CF\u309A")]
    public async Task If_names_become_equal_the_oldest_user_gets_the_key(params string[] names)
    {
        await using var first = await ScimServer.Start();
        await using var second = await ScimServer.Start(folder: first.Folder, authServer: first.AuthServer);
        var account = new TestAccount();
        using var client = first.ClientOf(account);
        var ids = new List<string>();
        foreach (var name in names)
            ids.Add(await CreateUnderVersion1(first, client, account.Id, name));
        var other = await CreateUnderVersion1(first, client, account.Id, "Zoe\u0308");

        await Task.WhenAll(new[] { first, second }.Select(
            node => node.Services.GetRequiredService<Refolding>().RefoldAll(default)));

        using (Assert.EnterMultipleScope())
        {
            foreach (var name in names)
            {
                var found = await client.Get($"Users?filter=userName eq \"{name}@example.com\"");
                Assert.That(Ids(found), Is.EqualTo(new[] { ids[0] }), "the oldest is found by every form");
                var byEmail = await client.Get($"Users?filter=emails.value eq \"{name}@example.com\"");
                Assert.That(Ids(byEmail), Is.EqualTo(ids), "everybody is found by the e-mail");
                var taken = await client.Post("Users", Requests.NewUser($"{name}@example.com"));
                Assert.That(taken.Status, Is.EqualTo(HttpStatusCode.Conflict));
            }
            Assert.That(
                Ids(await client.Get("Users?filter=userName eq \"zoë@example.com\"")), Is.EqualTo(new[] { other }));
        }

        // The others can be changed, deactivated and renamed. Only a rename uses the new key.
        for (var i = 1; i < ids.Count; i++)
        {
            const string Title = """{"op":"replace","path":"title","value":"Chief"},{"op":"replace","path":"active","value":false}""";
            var changed = await client.Patch($"Users/{ids[i]}", Title);
            Assert.That((changed.Status, (bool?)changed["active"]), Is.EqualTo((HttpStatusCode.OK, false)));
            Assert.That((string?)changed["userName"], Is.EqualTo($"{names[i]}@example.com"), "it stays as it was");
        }
        Assert.That(await Conflicts(first, account.Id), Is.EqualTo(
            ids.Skip(1).SelectMany(id => new[] { $"userName {id} {ids[0]}", $"work e-mail {id} {ids[0]}" }).Order()));
        for (var i = 1; i < ids.Count; i++)
        {
            var renamed = await client.Patch(
                $"Users/{ids[i]}",
                $$"""{"op":"replace","value":{"userName":"other{{i}}@example.com","emails":[{"value":"other{{i}}@example.com","type":"work"}]} }""");
            Assert.That(renamed.Status, Is.EqualTo(HttpStatusCode.OK), renamed.ToString());
            Assert.That(
                Ids(await client.Get($"Users?filter=userName eq \"OTHER{i}@example.com\"")),
                Is.EqualTo(new[] { ids[i] }));
        }
        Assert.That(await Conflicts(first, account.Id), Is.Empty);
    }

    [Test]
    public async Task A_startup_folds_again_and_is_not_stopped_by_conflicts()
    {
        await using var server = await ScimServer.Start();
        var account = new TestAccount();
        using (var client = server.ClientOf(account))
        {
            await CreateUnderVersion1(server, client, account.Id, "jose\u0301");
            await CreateUnderVersion1(server, client, account.Id, "josé");
        }
        await using var restarted = await ScimServer.Start(folder: server.Folder, authServer: server.AuthServer);
        using var again = restarted.ClientOf(account);
        Assert.That(
            (int)(await again.Get("Users?filter=userName eq \"JOSÉ@example.com\""))["totalResults"]!, Is.EqualTo(1));
    }

    private static async Task<string> CreateUnderVersion1(
        ScimServer server, HttpClient client, Guid account, string name)
    {
        var placeholder = $"{Guid.NewGuid():N}@example.com";
        var id = (await client.CreateUser(placeholder)).Id();
        var (key, guid) = ($"{name.ToLowerInvariant()}@example.com", Guid.Parse(id));
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.UsersOf(account).Where(user => user.Id == guid).ExecuteUpdateAsync(users => users
            .SetProperty(user => user.SearchVersion, 1)
            .SetProperty(user => user.UserName, $"{name}@example.com")
            .SetProperty(user => user.UserNameKey, key)
            .SetProperty(user => user.Document, user => user.Document.Replace(placeholder, $"{name}@example.com")));
        await db.Database.ExecuteSqlAsync(
            $"""UPDATE "UserEmails" SET "ValueKey" = {key} WHERE "AccountId" = {account} AND "UserId" = {guid}""");
        return id;
    }

    private static IEnumerable<string> Ids(Answer answer) =>
        answer["Resources"]!.AsArray().Select(user => user!.AsObject().Id());

    private static async Task<IEnumerable<string>> Conflicts(ScimServer server, Guid account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var found = new List<string>();
        await foreach (var conflict in db.FindConflicts(default).Where(conflict => conflict.AccountId == account))
            found.Add($"{conflict.What} {conflict.UserId} {conflict.Owner}");
        return found.Order();
    }

    /// <summary>
    /// If this fails, keys are folded differently than before: increase <see cref="SearchDocument.Version"/>, then
    /// update the value here.
    /// </summary>
    [Test]
    public void The_folding_of_keys_belongs_to_a_version()
    {
        var attributes = Schema.All.Append(Schema.Common)
            .OrderBy(schema => schema.Id, StringComparer.Ordinal)
            .SelectMany(schema => schema.Attributes.SelectMany(a => a.SubAttributes.Prepend(a)
                .Select(sub => $"{schema.Id}:{a.Name}.{sub.Name} {sub.Type} {sub.CaseExact} {sub.MultiValued}")));
        // By the effect of the tables, not by how they are written.
        var folded = Enumerable.Range(0, 0x110000).Where(code => code is < 0xD800 or > 0xDFFF)
            .Select(code => CaseFolding.Fold(char.ConvertFromUtf32(code)));
        var all = string.Join('\n', attributes.Concat(folded));
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16];
        Assert.That((SearchDocument.Version, hash), Is.EqualTo((3, "E2D943165D2EFA3C")));
    }
}
