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
    public async Task Keys_of_an_older_version_are_folded_again_and_the_user_stays_as_it_was()
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

    /// <summary>
    /// If this fails, keys are folded otherwise than before: raise <see cref="SearchDocument.Version"/>, then write
    /// the new value here.
    /// </summary>
    [Test]
    public void What_decides_the_keys_belongs_to_a_version()
    {
        var attributes = Schema.All.Append(Schema.Common)
            .OrderBy(schema => schema.Id, StringComparer.Ordinal)
            .SelectMany(schema => schema.Attributes.SelectMany(a => a.SubAttributes.Prepend(a)
                .Select(sub => $"{schema.Id}:{a.Name}.{sub.Name} {sub.Type} {sub.CaseExact} {sub.MultiValued}")));
        var all = string.Join('\n', attributes.Append(EmbeddedFile.Read("case-folding.txt")));
        var hash = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..16];
        Assert.That((SearchDocument.Version, hash), Is.EqualTo((2, "4371325C0F2DE7C3")));
    }
}
