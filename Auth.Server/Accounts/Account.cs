using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Contracts;

namespace Auth.Server.Accounts;

/// <summary>A customer of SciLeads, and the rules for provisioning its people.</summary>
internal sealed class Account
{
    public const int DefaultRateLimit = 100;

    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string Name { get; set; }

    /// <summary>Whether identity providers may provision; only SciLeads' operators can change this.</summary>
    public bool ScimEnabled { get; set; }

    public bool Suspended { get; set; }

    /// <summary>Whether credentials can be generated and identity providers may connect.</summary>
    public bool AllowsScim => ScimEnabled && !Suspended;

    /// <summary>One of <see cref="AttributeRuleSets"/>.</summary>
    public string AttributeRules { get; set; } = AttributeRuleSets.Guide;

    /// <summary>
    /// The sustained rate of SCIM requests per second, apart from bursts; null is no limit. The default is four times
    /// what Okta and Entra ID need, so that only a misbehaving client is ever limited.
    /// </summary>
    public int? RateLimit { get; set; } = DefaultRateLimit;

    /// <summary>
    /// Whether creating a user restores an inactive user with the same userName or externalId. By default, the request
    /// is refused, so that nobody gets another person's history unnoticed.
    /// </summary>
    public bool RestoreInactive { get; set; }

    /// <summary>
    /// Whether <c>/ServiceProviderConfig</c> leaves out <c>pagination</c> (RFC 9865), which
    /// strict older clients reject.
    /// </summary>
    public bool OmitPagination { get; set; }

    /// <summary>Whether its administrators must have a second factor before they can do anything.</summary>
    public bool RequireSecondFactor { get; set; }

    /// <summary>The allowed e-mail domains, in lower case, without <c>@</c>; an empty list allows all.</summary>
    public List<string> Domains { get; set; } = [];

    public List<AccountLicence> Licences { get; init; } = [];

    /// <summary>The last generation that was assigned for the account; 0 if none was.</summary>
    public long LastGeneration { get; set; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>The account as it is sent to <c>Scim.Api</c>.</summary>
    public AccountPolicy ToPolicy() => new()
    {
        Id = Id,
        Name = Name,
        ScimEnabled = ScimEnabled,
        Suspended = Suspended,
        AttributeRules = AttributeRules,
        RateLimit = RateLimit,
        RestoreInactive = RestoreInactive,
        OmitPagination = OmitPagination,
        Domains = Domains,
        Licences =
        [
            .. Licences.OrderBy(licence => licence.Product, StringComparer.Ordinal)
                .Select(licence => new AccountPolicy.Licence
                {
                    Product = licence.Product,
                    Seats = licence.Seats,
                    GivenToNewUsers = licence.GivenToNewUsers,
                }),
        ],
    };

    internal sealed class Configuration : IEntityTypeConfiguration<Account>
    {
        public void Configure(EntityTypeBuilder<Account> account)
        {
            account.ToTable("Accounts");
            account.Property(a => a.Id).ValueGeneratedNever();
            account.HasIndex(a => a.Name).IsUnique();
            account.HasMany(a => a.Licences).WithOne().HasForeignKey(l => l.AccountId);
        }
    }
}

/// <summary>The seats of a product that an account has bought.</summary>
internal sealed class AccountLicence
{
    public Guid AccountId { get; init; }

    public required string Product { get; init; }

    public int Seats { get; set; }

    /// <summary>Whether new users get it automatically.</summary>
    public bool GivenToNewUsers { get; set; } = true;

    /// <summary>Whether <c>Scim.Api</c> refuses new users because no seat is left.</summary>
    /// <param name="inUse">The seats in use by product.</param>
    public bool IsFull(IReadOnlyDictionary<string, int> inUse) =>
        GivenToNewUsers && inUse.GetValueOrDefault(Product) >= Seats;

    internal sealed class Configuration : IEntityTypeConfiguration<AccountLicence>
    {
        public void Configure(EntityTypeBuilder<AccountLicence> licence) =>
            licence.HasKey(l => new { l.AccountId, l.Product });
    }
}

/// <summary>The table of accounts.</summary>
internal static class AccountTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Account> Accounts => db.Set<Account>();

        /// <summary>Locks an account until the transaction ends; false if it does not exist.</summary>
        public async Task<bool> LockAccount(Guid id, CancellationToken cancellation) =>
            // An update that changes nothing locks the row on PostgreSQL; on SQLite, the transaction is already the
            // only writer.
            await db.Accounts.Where(account => account.Id == id).ExecuteUpdateAsync(
                change => change.SetProperty(account => account.LastGeneration, account => account.LastGeneration),
                cancellation) > 0;
    }
}
