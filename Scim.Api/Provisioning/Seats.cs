using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>A seat of a product that an active user holds.</summary>
internal sealed class Seat
{
    public required Guid AccountId { get; init; }
    public required Guid UserId { get; init; }
    public required string Product { get; init; }

    public sealed class Configuration : IEntityTypeConfiguration<Seat>
    {
        public void Configure(EntityTypeBuilder<Seat> seat)
        {
            seat.ToTable("Seats");
            seat.HasKey(s => new { s.AccountId, s.UserId, s.Product });
            // The users who have a product, in order of creation.
            seat.HasIndex(s => new { s.AccountId, s.Product, s.UserId });
        }
    }
}

/// <summary>How many seats of a product an account uses: always the number of its <see cref="Seat"/> rows.</summary>
internal sealed class SeatCount
{
    public required Guid AccountId { get; init; }
    public required string Product { get; init; }
    public int Used { get; set; }

    public sealed class Configuration : IEntityTypeConfiguration<SeatCount>
    {
        public void Configure(EntityTypeBuilder<SeatCount> count)
        {
            count.ToTable("SeatCounts");
            count.HasKey(c => new { c.AccountId, c.Product });
        }
    }
}

/// <summary>How many seats of a product are taken, as a write reads it under the account's lock.</summary>
internal readonly record struct SeatsTaken(string Product, int Used);

/// <summary>Counts seats.</summary>
internal static class Seats
{
    extension(ScimDbContext db)
    {
        public IQueryable<Seat> SeatsOf(Guid accountId) => db.Set<Seat>().Where(seat => seat.AccountId == accountId);

        /// <summary>Seats by product, as the portal shows them.</summary>
        public async Task<IReadOnlyList<ProductSeats>> CountSeats(AccountPolicy account, CancellationToken cancellation)
        {
            var used = await db.Set<SeatCount>().Where(count => count.AccountId == account.Id)
                .ToDictionaryAsync(count => count.Product, count => count.Used, cancellation);
            return
            [
                .. account.Licences.Select(licence => new ProductSeats
                {
                    Product = licence.Product,
                    Seats = licence.Seats,
                    Used = used.GetValueOrDefault(licence.Product),
                }),
            ];
        }
    }

    /// <summary>Requires a free seat of each product that new users receive.</summary>
    /// <exception cref="ScimException">A product has none left (403).</exception>
    public static void RequireSeats(this AccountPolicy account, IReadOnlyList<SeatsTaken> taken)
    {
        foreach (var licence in account.LicencesOfNewUsers())
        {
            if (taken.FirstOrDefault(seats => seats.Product == licence.Product).Used >= licence.Seats)
                throw new ScimException(NoneLeft(licence));
        }
    }

    /// <summary>What a new user receives, in a fixed order, so that a refusal always names the same product.</summary>
    public static IEnumerable<AccountPolicy.Licence> LicencesOfNewUsers(this AccountPolicy account) =>
        account.Licences.Where(licence => licence.GivenToNewUsers)
            .OrderBy(licence => licence.Product, StringComparer.Ordinal);

    private static ScimError NoneLeft(AccountPolicy.Licence licence) => ScimError.Forbidden(
        $"No seat of the product {licence.Product} is left: all {licence.Seats} are taken. "
        + "Deactivate a user who does not need one, or ask support@scileads.com for more seats.");
}
