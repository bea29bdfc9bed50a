using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// Lists, shows, creates, deactivates and reactivates users for the <i>User Management</i> pages of
/// <c>Auth.Server</c>'s portal.
/// </summary>
internal static class PortalApi
{
    // An explicit null is refused for a required property.
    private static readonly JsonSerializerOptions options = new() { RespectNullableAnnotations = true };

    public static void MapPortalUsers(this IEndpointRouteBuilder portal)
    {
        var users = portal.MapGroup("/users");
        users.MapGet("", List);
        users.MapPost("", Create);
        users.MapGet("{id:guid}", Get);
        users.MapPatch("{id:guid}", SetActive);
    }

    private static async Task<IResult> List(
        PortalUserQuery query, Caller caller, ScimDbContext db, SearchBudget budget, CancellationToken cancellation)
    {
        var page = await query.Read(db, budget, caller.AccountId, cancellation);
        var ids = page.Users.Select(user => user.Id).ToList();
        var seats = await db.SeatsOf(caller.AccountId).AsNoTracking()
            .Where(seat => ids.Contains(seat.UserId))
            .ToListAsync(cancellation);
        var licences = seats.ToLookup(seat => seat.UserId, seat => seat.Product);
        return Results.Json(new PortalUsers
        {
            Total = page.Total,
            HasMoreThanTotal = page.HasMoreThanTotal,
            Users =
            [
                .. page.Users.Select(user => user with
                {
                    Licences = [.. licences[user.Id].Order(StringComparer.Ordinal)],
                }),
            ],
            HasPrevious = page.HasPrevious,
            HasNext = page.HasNext,
            Seats = await db.CountSeats(caller.Account, cancellation),
        });
    }

    private static async Task<IResult> Get(
        Guid id, Caller caller, ScimDbContext db, CancellationToken cancellation)
    {
        if (await db.UsersOf(caller.AccountId).AsNoTracking().SingleOrDefaultAsync(user => user.Id == id, cancellation)
            is not { } user)
            return NotFound(id);
        var licences = await db.SeatsOf(caller.AccountId).Where(seat => seat.UserId == id)
            .Select(seat => seat.Product).ToListAsync(cancellation);
        return Results.Json(new PortalUserDetails
        {
            User = PortalRow.Of(user, licences),
            Created = user.Created,
            Attributes = await PortalAttributes.Read(db, user, cancellation),
        });
    }

    private static async Task<IResult> Create(
        RequestBody body, Attempt attempt, UserWrites writes, CancellationToken cancellation)
    {
        var attributes = Attributes(Read<NewPortalUser>(
            body.Json, "A new user needs email, first_name and last_name."));
        attempt.SetSubject(attributes);
        var user = await writes.Create(attempt, attributes, cancellation);
        var licences = attempt.Caller.Account.LicencesOfNewUsers().Select(licence => licence.Product);
        return Results.Json(PortalRow.Of(user, licences), statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> SetActive(
        Guid id, RequestBody body, Attempt attempt, UserWrites writes, CancellationToken cancellation)
    {
        var wanted = Read<PortalUserActivation>(body.Json, "A change needs active and reason.");
        var reason = wanted.Reason.Trim();
        if (reason.Length is 0 or > PortalUserActivation.MaxReason)
            throw new ScimException(ScimError.InvalidValue(
                $"Give a reason of 1 to {PortalUserActivation.MaxReason} characters."));
        attempt.SetNote(reason);
        var user = await writes.Change(
            attempt,
            id.ToString(),
            Preconditions.OfVersion(null),
            attributes =>
            {
                attributes["active"] = wanted.Active;
                return attributes;
            },
            cancellation);
        return user is null
            ? NotFound(id)
            : Results.Json(new PortalUserChange { Email = user.UserName, Changed = attempt.Outcome is not null });
    }

    private static ScimError NotFound(Guid id) => ScimError.NotFound(ResourceType.User.Name, id.ToString());

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

    private static T Read<T>(JsonObject body, string fault)
    {
        try
        {
            return body.Deserialize<T>(options) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new ScimException(ScimError.InvalidSyntax(fault));
        }
    }
}
