using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// Tells <c>Auth.Server</c> what is known about the person with an e-mail address, so that it can explain why they are
/// not provisioned. Every query uses an index and reads few rows.
/// </summary>
internal static class PortalLookupApi
{
    // How many of the newest events are searched for the one that made a user inactive.
    private const int MaxEvents = 200;

    public static void MapPortalLookup(this IEndpointRouteBuilder portal) => portal.MapGet("/lookup", Find);

    private static async Task<IResult> Find(
        string? address, Caller caller, ScimDbContext db, CancellationToken cancellation)
    {
        var account = caller.AccountId;
        var name = ProvisioningEvent.Truncate(address?.Trim(), ProvisioningEvent.MaxUserName) ?? "";
        var key = CaseFolding.Fold(name);
        var users = db.UsersOf(account).AsNoTracking();
        var user = await users.SingleOrDefaultAsync(user => user.UserNameKey == key, cancellation);
        var other = user is null ? await FindByEmail(db, account, key, cancellation) : null;
        var events = await EventsOf(db, account, key, (user ?? other)?.Id, cancellation);
        var last = events.FirstOrDefault();
        return Results.Json(new PortalLookup
        {
            User = user is null ? null : PortalRow.Of(user, []),
            OtherUser = other is null ? null : PortalRow.Of(other, []),
            Deactivation = (user ?? other) is { Active: false } inactive
                ? Row(events.FirstOrDefault(e => e.UserId == inactive.Id && e.Outcome
                    is ProvisioningOutcomes.Deactivated or ProvisioningOutcomes.Created
                    or ProvisioningOutcomes.Restored))
                : null,
            Refusal = last?.Outcome == ProvisioningOutcomes.Refused ? Row(last) : null,
            Deletion = user is null
                ? Row(events.FirstOrDefault(e => e.Outcome == ProvisioningOutcomes.Deleted && e.UserNameKey == key))
                : null,
            LastCall = await db.FindLastCall(account, cancellation),
            Seats = await db.CountSeats(caller.Account, cancellation),
        });
    }

    private static async Task<User?> FindByEmail(
        ScimDbContext db, Guid account, string key, CancellationToken cancellation)
    {
        var owners = db.EmailsOf(account).Where(email => email.ValueKey == key)
            // The one who may be the only one to have it, if there is one.
            .OrderByDescending(email => email.Claimed).ThenBy(email => email.UserId)
            .Select(email => email.UserId);
        var id = await owners.FirstOrDefaultAsync(cancellation);
        return await db.UsersOf(account).AsNoTracking().SingleOrDefaultAsync(user => user.Id == id, cancellation);
    }

    /// <summary>The newest events of a user, and of those who had the userName, the newest first.</summary>
    private static async Task<List<ProvisioningEvent>> EventsOf(
        ScimDbContext db, Guid account, string key, Guid? user, CancellationToken cancellation)
    {
        var all = db.EventsOf(account).AsNoTracking();
        var byName = await all.Where(e => e.UserNameKey == key).OrderByDescending(e => e.Id).Take(MaxEvents)
            .ToListAsync(cancellation);
        var byId = user is null
            ? []
            : await all.Where(e => e.UserId == user).OrderByDescending(e => e.Id).Take(MaxEvents)
                .ToListAsync(cancellation);
        return [.. byName.UnionBy(byId, e => e.Id).OrderByDescending(e => e.Id)];
    }

    private static PortalEvent? Row(ProvisioningEvent? one) => one?.ToPortalEvent();
}
