using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Tokens;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// What the portal of <c>Auth.Server</c> shows and adds under <i>User Management</i>. It changes users as everybody
/// does, at <c>/scim/v2/Users</c>.
/// </summary>
internal static class PortalApi
{
    private const int PageSize = 25;

    public static void MapPortalUsers(this IEndpointRouteBuilder portal)
    {
        var users = portal.MapGroup("/users");
        users.MapGet("", List);
        users.MapPost("", Create);
    }

    private static async Task<IResult> List(
        string? search, string? page, Caller caller, ScimDbContext db, CancellationToken cancellation)
    {
        var number = int.TryParse(page, out var asked) ? Math.Clamp(asked, 1, int.MaxValue / PageSize) : 1;
        var users = db.UsersOf(caller.AccountId).AsNoTracking().Mentioning(search);
        var found = await users.OrderBy(user => user.Id)
            .Skip((number - 1) * PageSize).Take(PageSize)
            .ToListAsync(cancellation);
        var ids = found.ConvertAll(user => user.Id);
        var seats = await db.SeatsOf(caller.AccountId).AsNoTracking()
            .Where(seat => ids.Contains(seat.UserId))
            .ToListAsync(cancellation);
        var licences = seats.ToLookup(seat => seat.UserId, seat => seat.Product);
        return Results.Json(new PortalUsers
        {
            Total = await users.CountAsync(cancellation),
            Page = number,
            PageSize = PageSize,
            Users = found.ConvertAll(user => Row(user, licences[user.Id])),
            Seats = await db.CountSeats(caller.Account, cancellation),
        });
    }

    private static async Task<IResult> Create(
        RequestBody body, Attempt attempt, UserWrites writes, CancellationToken cancellation)
    {
        var attributes = Attributes(Read(body.Json));
        attempt.IsAbout(attributes);
        var user = await writes.Create(attempt, attributes, cancellation);
        var licences = attempt.Caller.Account.LicencesOfNewUsers().Select(licence => licence.Product);
        return Results.Json(Row(user, licences), statusCode: StatusCodes.Status201Created);
    }

    /// <summary>Everyone in whose names, addresses or external id each word of the search occurs.</summary>
    private static IQueryable<User> Mentioning(this IQueryable<User> users, string? search) =>
        CaseFolding.Fold(search ?? "")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Take(10)
            .Aggregate(users, (found, word) => found.Where(user => user.SearchText.Contains(word)));

    /// <summary>A user as SCIM would have it, of what the portal and the import know.</summary>
    public static JsonObject Attributes(NewPortalUser person, string? externalId = null)
    {
        var user = new JsonObject
        {
            ["userName"] = person.Email.Trim(),
            ["externalId"] = externalId?.Trim(),
            ["name"] = new JsonObject
            {
                ["givenName"] = person.FirstName?.Trim(),
                ["familyName"] = person.LastName?.Trim(),
            },
            ["displayName"] = person.DisplayName?.Trim(),
            ["emails"] = new JsonArray(
                new JsonObject { ["value"] = person.Email.Trim(), ["type"] = "work", ["primary"] = true }),
        };
        // What is made here has no client's habits.
        return DocumentReader.Read(ResourceType.User, user, new ClientHabits());
    }

    private static NewPortalUser Read(JsonObject body)
    {
        try
        {
            return body.Deserialize<NewPortalUser>() ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new ScimException(ScimError.InvalidSyntax("A new user needs email, first_name and last_name."));
        }
    }

    private static PortalUser Row(User user, IEnumerable<string> licences)
    {
        var document = user.Json();
        return new PortalUser
        {
            Id = user.Id,
            Email = user.UserName,
            FirstName = UserDocument.GivenName(document),
            LastName = UserDocument.FamilyName(document),
            DisplayName = UserDocument.DisplayName(document),
            Active = user.Active,
            ExternalId = user.ExternalId,
            Licences = [.. licences.Order(StringComparer.Ordinal)],
            Source = user.Source,
        };
    }
}
