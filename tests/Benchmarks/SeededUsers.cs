using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users;
using Shared.Contracts;

namespace Benchmarks;

/// <summary>
/// The users of a benchmark, all of one account. Ids and names are derived from a user's number, so they need not be
/// looked up.
/// </summary>
internal static class SeededUsers
{
    private static readonly DateTime begin = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    public static AccountPolicy Account { get; } = new()
    {
        Id = new Guid("01900000-0000-7000-8000-000000000001"),
        Name = "Acme",
        ScimEnabled = true,
        AttributeRules = AttributeRuleSets.Guide,
        Domains = [],
        Licences = [],
    };

    public static TokenIntrospection.CredentialSetReference CredentialSet { get; } = new()
    {
        Id = new Guid("01900000-0000-7000-8000-000000000002"),
        Generation = 1,
        Method = CredentialMethods.DirectJwt,
    };

    /// <summary>A version 7 GUID, a millisecond later for each user.</summary>
    public static Guid Id(int number)
    {
        var milliseconds = new DateTimeOffset(begin).ToUnixTimeMilliseconds() + number;
        return Guid.Parse(string.Create(
            CultureInfo.InvariantCulture,
            $"{milliseconds >> 16:x8}-{milliseconds & 0xFFFF:x4}-7000-8000-{number:x12}"));
    }

    public static string UserName(int number) => string.Create(CultureInfo.InvariantCulture, $"U{number}@example.com");

    public static string ExternalId(int number) => string.Create(CultureInfo.InvariantCulture, $"00u{number:d17}");

    public static User Create(int number)
    {
        var time = begin.AddMilliseconds(number);
        var user = new User
        {
            AccountId = Account.Id,
            Id = Id(number),
            Source = UserSources.Scim,
            Created = time,
        };
        var attributes = DocumentReader.Read(
            ResourceType.User, JsonNode.Parse(Body(number))!.AsObject(), new ClientQuirks());
        user.SetDocument(UserDocument.Compose(user.Id, attributes), claimsWorkEmail: true, time);
        return user;
    }

    /// <summary>
    /// Gives the first users a displayName of a million letters, which was possible before there was a limit.
    /// </summary>
    public static async Task<int> Enlarge(ScimDbContext db, int users)
    {
        var seeded = db.UsersOf(Account.Id).Include(user => user.Emails).OrderBy(user => user.Id).Take(users);
        foreach (var user in await seeded.ToListAsync())
        {
            var document = user.Json();
            document["displayName"] = new string('x', 1_000_000);
            user.SetDocument(document, claimsWorkEmail: true, user.LastModified);
        }
        return await db.SaveChangesAsync();
    }

    /// <summary>The body that creates the user, as Okta sends it.</summary>
    public static string Body(int number) =>
        $$"""
        {
          "schemas": ["{{ResourceType.User.Schema.Id}}", "{{ResourceType.User.Extensions[0].Id}}"],
          "userName": "{{UserName(number)}}",
          "externalId": "{{ExternalId(number)}}",
          "name": {"givenName": "Ann{{number % 1000}}", "familyName": "Lee{{number}}"},
          "displayName": "Ann{{number % 1000}} Lee{{number}}",
          "title": "Head of {{number % 50}}",
          "locale": "en-US",
          "emails": [{"primary": true, "value": "{{UserName(number)}}", "type": "work"}],
          "phoneNumbers": [{"primary": true, "value": "+1 555 {{number}}", "type": "work"}],
          "active": true,
          "{{ResourceType.User.Extensions[0].Id}}": {
            "department": "Department {{number % 50}}", "employeeNumber": "{{number}}"
          }
        }
        """;
}
