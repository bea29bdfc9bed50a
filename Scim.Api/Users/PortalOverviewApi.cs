using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// The figures of the portal's overview. Every query uses an index and reads a limited number of rows.
/// </summary>
internal static class PortalOverviewApi
{
    public static void MapPortalOverview(this IEndpointRouteBuilder portal) => portal.MapGet("/overview", Get);

    private static async Task<IResult> Get(
        Caller caller, ScimDbContext db, TimeProvider time, CancellationToken cancellation)
    {
        var account = caller.AccountId;
        var now = time.GetUtcNow().UtcDateTime;
        var today = DateOnly.FromDateTime(now);
        var (refusals, hasMoreRefusals) = await db.CountRefusals(account, now, cancellation);
        var ofProviders = db.NewestOfProviders(account);
        var hasProvisioned =
            await db.UsersOf(account).AnyAsync(user => user.Source == UserSources.Scim, cancellation)
            || await ofProviders.AnyAsync(e => e.Outcome != ProvisioningOutcomes.Refused, cancellation);
        return Results.Json(new PortalOverview
        {
            Days = await db.CountDays(account, today, cancellation),
            PeopleChangedToday = await db.CountPeopleChanged(account, today, cancellation),
            Refusals = refusals,
            HasMoreRefusals = hasMoreRefusals,
            LastCall = await db.FindLastCall(account, cancellation),
            Seats = await db.CountSeats(caller.Account, cancellation),
            HasRequested = hasProvisioned
                || await ofProviders.AnyAsync(e => e.Operation == ProvisioningOperations.Create, cancellation),
            HasProvisioned = hasProvisioned,
        });
    }
}
