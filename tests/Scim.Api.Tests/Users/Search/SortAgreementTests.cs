using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

/// <summary>Sorted pages together contain everybody once, in the order of RFC 7644 §3.4.2.3.</summary>
internal sealed class SortAgreementTests
{
    private static readonly string[] Attributes =
    [
        "id", "userName", "externalId", "active", "displayName", "name.familyName", "emails", "emails.type", "title",
        "phoneNumbers.display", "meta.created", "meta.lastModified", "meta.version", "meta.location", "schemas",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    ];

    private readonly Guid account = Guid.CreateVersion7();
    private List<(Guid Id, JsonObject Search)> users = [];
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        var stored = await RandomUsers.Store(server, account, count: 60, seed: 2);
        users = stored.ConvertAll(user => (user.Id, SearchDocument.Of(ResourceType.User, user.Json)));
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task All_pages_together_are_everybody_in_order(
        [ValueSource(nameof(Attributes))] string by, [Values] bool descending, [Values(7, 60)] int count)
    {
        Assert.That(AttributePath.TryParse(by, out var path));
        await using var scope = server.Services.CreateAsyncScope();
        var search = scope.ServiceProvider.GetRequiredService<UserSearch>();
        var seen = new List<Guid>();
        for (UserPosition? after = null; ;)
        {
            var query = new UserQuery(account, Sorting: new(path!, descending));
            var page = (await search.Find(query, after, skip: 0, count, int.MaxValue, default)).Users;
            seen.AddRange(page.Select(found => found.Position.Id));
            if (page.Count < count)
                break;
            after = page[^1].Position;
        }
        Assert.That(seen, Is.EqualTo(Expected(ResourceType.User.Find(path!)!, descending)));
    }

    private List<Guid> Expected(AttributeTarget target, bool descending)
    {
        var keyed = users.Select(user => (user.Id, Key: Key(target, user.Search))).ToList();
        var present = keyed.Where(user => user.Key is not null);
        var sorted = descending
            ? present.OrderByDescending(user => user.Key!, StringComparer.Ordinal).ThenBy(user => user.Id)
            : present.OrderBy(user => user.Key!, StringComparer.Ordinal).ThenBy(user => user.Id);
        var missing = keyed.Where(user => user.Key is null).OrderBy(user => user.Id);
        return [.. (descending ? missing.Concat(sorted) : sorted.Concat(missing)).Select(user => user.Id)];
    }

    // The primary or first of several values; in hexadecimal, so that the order is that of the bytes.
    private static string? Key(AttributeTarget target, JsonObject search)
    {
        var values = (target with { Sub = null }).ValuesIn(search).ToList();
        var primary = values.OfType<JsonObject>().FirstOrDefault(each => (bool?)each["primary"] == true);
        var value = primary ?? values.FirstOrDefault();
        if (target.Leaf != target.Attribute)
            value = value?[target.Leaf!.Name];
        return value?.GetValueKind() switch
        {
            null => null,
            JsonValueKind.String => Convert.ToHexString(Encoding.UTF8.GetBytes(value.GetValue<string>())),
            var kind => kind == JsonValueKind.True ? "1" : "0",
        };
    }
}
