using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>Tells <c>Auth.Server</c> how many seats accounts use, for operators and notices.</summary>
internal static class SeatsInUseApi
{
    public static void MapSeatsInUse(this IEndpointRouteBuilder portal) => portal.MapGet("/seats-in-use", Count);

    private static async Task<IResult> Count(Guid[] account, ScimDbContext db, CancellationToken cancellation) =>
        account.Length > SeatsInUse.MaxAccounts
            ? Results.BadRequest()
            : Results.Json(await db.Set<SeatCount>().Where(count => account.Contains(count.AccountId))
                .Select(count => new SeatsInUse
                {
                    Account = count.AccountId,
                    Product = count.Product,
                    Used = count.Used,
                })
                .ToListAsync(cancellation));
}
