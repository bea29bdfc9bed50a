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

/// <summary>Takes and releases seats, inside the transaction of a write.</summary>
internal static class Seats
{
    extension(ScimDbContext db)
    {
        public IQueryable<Seat> SeatsOf(Guid accountId) => db.Set<Seat>().Where(seat => seat.AccountId == accountId);

        /// <summary>
        /// Gives a user a seat of each product that new users receive. If a product has none left, the write is refused
        /// (403).
        /// </summary>
        public async Task TakeSeats(AccountPolicy account, Guid userId, CancellationToken cancellation)
        {
            foreach (var licence in account.LicencesOfNewUsers())
            {
                if (!await db.CountSeat(account.Id, licence, cancellation))
                    throw new ScimException(NoneLeft(licence));
                db.Add(new Seat { AccountId = account.Id, UserId = userId, Product = licence.Product });
            }
        }

        public async Task ReleaseSeats(Guid accountId, Guid userId, CancellationToken cancellation)
        {
            var held = db.SeatsOf(accountId).Where(seat => seat.UserId == userId);
            var products = held.Select(seat => seat.Product);
            await db.Set<SeatCount>()
                .Where(count => count.AccountId == accountId && products.Contains(count.Product))
                .ExecuteUpdateAsync(set => set.SetProperty(count => count.Used, count => count.Used - 1), cancellation);
            await held.ExecuteDeleteAsync(cancellation);
        }

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

        // One statement compares and counts, so that two writers cannot take the same last seat.
        private async Task<bool> CountSeat(
            Guid accountId, AccountPolicy.Licence licence, CancellationToken cancellation) =>
            licence.Seats > 0
            && await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO "SeatCounts" ("AccountId", "Product", "Used") VALUES ({accountId}, {licence.Product}, 1)
                ON CONFLICT ("AccountId", "Product") DO UPDATE SET "Used" = "SeatCounts"."Used" + 1
                WHERE "SeatCounts"."Used" < {licence.Seats}
                """,
                cancellation) == 1;
    }

    /// <summary>What a new user receives, in a fixed order, so that two writers cannot deadlock.</summary>
    public static IEnumerable<AccountPolicy.Licence> LicencesOfNewUsers(this AccountPolicy account) =>
        account.Licences.Where(licence => licence.GivenToNewUsers)
            .OrderBy(licence => licence.Product, StringComparer.Ordinal);

    private static ScimError NoneLeft(AccountPolicy.Licence licence) => ScimError.Forbidden(
        $"No seat of the product {licence.Product} is left: all {licence.Seats} are taken. "
        + "Deactivate a user who does not need one, or ask support@scileads.com for more seats.");
}
