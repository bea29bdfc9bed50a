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
/// The users of a benchmark, of about 1 KB. Ids and names are derived from a user's number, so they need not be looked
/// up.
/// </summary>
internal static class SeededUsers
{
    /// <summary>The product of which each user has a seat.</summary>
    public const string Product = "portal";

    private static readonly DateTime begin = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>A version 7 GUID, a millisecond later for each user.</summary>
    public static Guid Id(int number)
    {
        var milliseconds = new DateTimeOffset(begin).ToUnixTimeMilliseconds() + number;
        return Guid.Parse(string.Create(
            CultureInfo.InvariantCulture,
            $"{milliseconds >> 16:x8}-{milliseconds & 0xFFFF:x4}-7000-8000-{number:x12}"));
    }

    /// <summary>The number as it appears in names and addresses.</summary>
    public static string Digits(int number) => number.ToString("d9", CultureInfo.InvariantCulture);

    public static string UserName(string number) => $"Ann.Lee{number}@example.com";

    public static User Create(Guid account, int number)
    {
        var time = begin.AddMilliseconds(number);
        var user = new User { AccountId = account, Id = Id(number), Source = UserSources.Scim, Created = time };
        var attributes = DocumentReader.Read(
            ResourceType.User, JsonNode.Parse(Body(Digits(number)))!.AsObject(), new ClientQuirks());
        user.SetDocument(UserDocument.Compose(user.Id, attributes), claimsWorkEmail: true, time);
        user.RecordSetByClient(new SetByClient(DisplayName: true, WorkEmail: true));
        return user;
    }

    /// <summary>
    /// Gives the first users a displayName of a million letters, which was possible before there was a limit.
    /// </summary>
    public static async Task Enlarge(ScimDbContext db, Guid account, int users)
    {
        var seeded = db.UsersOf(account).Include(user => user.Emails).OrderBy(user => user.Id).Take(users);
        foreach (var user in await seeded.ToListAsync())
        {
            var document = user.Json();
            document["displayName"] = new string('x', 1_000_000);
            user.SetDocument(document, claimsWorkEmail: true, user.LastModified);
        }
        await db.SaveChangesAsync();
    }

    /// <summary>The body that creates the user, in the form in which identity providers send it.</summary>
    public static string Body(string number) =>
        $$"""
        {"schemas":["{{ResourceType.User.Schema.Id}}","{{ResourceType.User.Extensions[0].Id}}"],
        "userName":"{{UserName(number)}}",
        "externalId":"00u{{number}}",
        "name":{"givenName":"Ann","familyName":"Lee{{number}}"},
        "displayName":"Ann Lee{{number}}",
        "title":"Head of Product Management",
        "preferredLanguage":"en","locale":"en-US","timezone":"America/Los_Angeles",
        "emails":[{"primary":true,"value":"{{UserName(number)}}","type":"work"},
        {"value":"lee{{number}}@home.example","type":"home"}],
        "phoneNumbers":[{"primary":true,"value":"+1 555 {{number}}","type":"work"},
        {"value":"+1 556 {{number}}","type":"mobile"}],
        "addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood",
        "region":"CA","postalCode":"91608","country":"US"}],
        "active":true,
        "{{ResourceType.User.Extensions[0].Id}}":{
        "employeeNumber":"{{number}}","costCenter":"4130","organization":"Example Industries",
        "division":"Theme Park","department":"Tour Operations"}
        }
        """;
}
