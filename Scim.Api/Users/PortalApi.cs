using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// Lists and creates users for the <i>User Management</i> pages of <c>Auth.Server</c>'s portal. To change users, the
/// portal uses <c>/scim/v2/Users</c>.
/// </summary>
internal static class PortalApi
{
    private const int PageSize = 25;
    private const int MaxShown = 254;
    private const int MaxSearch = 1000;
    private const string Remedy = "Search for fewer words, or go to an earlier page.";

    public static void MapPortalUsers(this IEndpointRouteBuilder portal)
    {
        var users = portal.MapGroup("/users");
        users.MapGet("", List);
        users.MapPost("", Create);
    }

    private static async Task<IResult> List(
        string? search, string? page, Caller caller, ScimDbContext db, SearchBudget budget,
        CancellationToken cancellation)
    {
        var number = int.TryParse(page, out var asked) ? Math.Clamp(asked, 1, int.MaxValue / PageSize) : 1;
        var skip = (number - 1) * PageSize;
        var words = Words(search);
        var (users, total) = words.Count == 0 && skip <= UserSearch.MaxSkipWithoutBudget
            ? await Find(cancellation)
            : await budget.Run(db, caller.AccountId, Remedy, Find, cancellation);
        return Results.Json(new PortalUsers
        {
            Total = total,
            Page = number,
            PageSize = PageSize,
            Users = users,
            Seats = await db.CountSeats(caller.Account, cancellation),
        });

        async Task<(List<PortalUser> Users, int Total)> Find(CancellationToken deadline)
        {
            var found = db.UsersOf(caller.AccountId).AsNoTracking().Containing(words);
            return (
                await Rows(db, caller.AccountId, found.OrderBy(user => user.Id).Skip(skip).Take(PageSize), deadline),
                words.Count == 0
                    ? await db.CountUsers(caller.AccountId, deadline)
                    : await found.CountAsync(deadline));
        }
    }

    /// <summary>Reads the rows of the list, with one document in memory at a time.</summary>
    private static async Task<List<PortalUser>> Rows(
        ScimDbContext db, Guid accountId, IQueryable<User> users, CancellationToken cancellation)
    {
        var rows = new List<PortalUser>();
        var columns = users.Select(user =>
            new { user.Id, user.UserName, user.Active, user.ExternalId, user.Source, user.Document });
        await foreach (var user in columns.AsAsyncEnumerable().WithCancellation(cancellation))
            rows.Add(Row(user.Id, user.UserName, user.Active, user.ExternalId, user.Source, user.Document, []));
        var ids = rows.ConvertAll(row => row.Id);
        var seats = await db.SeatsOf(accountId).AsNoTracking()
            .Where(seat => ids.Contains(seat.UserId))
            .ToListAsync(cancellation);
        var licences = seats.ToLookup(seat => seat.UserId, seat => seat.Product);
        return rows.ConvertAll(row => row with { Licences = [.. licences[row.Id].Order(StringComparer.Ordinal)] });
    }

    private static async Task<IResult> Create(
        RequestBody body, Attempt attempt, UserWrites writes, CancellationToken cancellation)
    {
        var attributes = Attributes(Read(body.Json));
        attempt.SetSubject(attributes);
        var user = await writes.Create(attempt, attributes, cancellation);
        var licences = attempt.Caller.Account.LicencesOfNewUsers().Select(licence => licence.Product);
        return Results.Json(
            Row(user.Id, user.UserName, user.Active, user.ExternalId, user.Source, user.Document, licences),
            statusCode: StatusCodes.Status201Created);
    }

    private static List<string> Words(string? search) =>
    [
        .. CaseFolding.Fold(ProvisioningEvent.Truncate(search, MaxSearch) ?? "")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Take(10),
    ];

    /// <summary>Users whose names, addresses or external id contain all words of the search.</summary>
    private static IQueryable<User> Containing(this IQueryable<User> users, List<string> words) =>
        words.Aggregate(users, (found, word) => found.Where(user => user.SearchText.Contains(word)));

    /// <summary>The SCIM attributes of a user from the portal or an import.</summary>
    public static JsonObject Attributes(NewPortalUser person, string? externalId = null)
    {
        var user = new JsonObject
        {
            ["userName"] = person.Email.Trim(),
            ["externalId"] = externalId?.Trim(),
            ["name"] = new JsonObject
            {
                ["givenName"] = TrimName(person.FirstName),
                ["familyName"] = TrimName(person.LastName),
            },
            ["displayName"] = person.DisplayName?.Trim(),
            ["emails"] = new JsonArray(
                new JsonObject { ["value"] = person.Email.Trim(), ["type"] = "work", ["primary"] = true }),
        };
        // The document is built here, so there are no client quirks to record.
        return DocumentReader.Read(ResourceType.User, user, new ClientQuirks());
    }

    // As in SCIM, a single space stands for a name that a person does not have.
    private static string? TrimName(string? name) => name?.Trim() is { Length: > 0 } trimmed ? trimmed : name;

    private static NewPortalUser Read(JsonObject body)
    {
        try
        {
            // The deserializer accepts an explicit null for a required property.
            return body.Deserialize<NewPortalUser>() is { Email: not null } person ? person : throw new JsonException();
        }
        catch (JsonException)
        {
            throw new ScimException(ScimError.InvalidSyntax("A new user needs email, first_name and last_name."));
        }
    }

    private static PortalUser Row(
        Guid id,
        string userName,
        bool active,
        string? externalId,
        string source,
        string document,
        IEnumerable<string> licences)
    {
        var json = JsonNode.Parse(document)!.AsObject();
        return new PortalUser
        {
            Id = id,
            Email = Shown(userName)!,
            FirstName = Shown(UserDocument.GivenName(json)),
            LastName = Shown(UserDocument.FamilyName(json)),
            DisplayName = Shown(UserDocument.DisplayName(json)),
            Active = active,
            ExternalId = Shown(externalId),
            Licences = [.. licences.Order(StringComparer.Ordinal)],
            Source = source,
        };
    }

    // Values that are older than the limit may be very long.
    private static string? Shown(string? text) => ProvisioningEvent.Truncate(text, MaxShown);
}
