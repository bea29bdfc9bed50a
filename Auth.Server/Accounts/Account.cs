using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Shared.Contracts;

namespace Auth.Server.Accounts;

/// <summary>A customer of SciLeads, and the rules that its people are provisioned by.</summary>
internal sealed class Account
{
    public const int DefaultRateLimit = 100;

    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required string Name { get; set; }

    /// <summary>Whether identity providers may provision. SciLeads' operators decide.</summary>
    public bool ScimEnabled { get; set; }

    public bool Suspended { get; set; }

    /// <summary>Whether credentials can be generated and identity providers are let in.</summary>
    public bool AllowsScim => ScimEnabled && !Suspended;

    /// <summary>One of <see cref="AttributeRuleSets"/>.</summary>
    public string AttributeRules { get; set; } = AttributeRuleSets.Guide;

    /// <summary>
    /// Requests a second that SCIM takes in the long run, bursts aside; null is no limit. The default is four times
    /// what Okta and Entra ID need, so that only a client that runs wild ever hears of it.
    /// </summary>
    public int? RateLimit { get; set; } = DefaultRateLimit;

    /// <summary>
    /// Whether a create restores the inactive user who has its userName or externalId. By default it is refused, so
    /// that nobody gets another person's history unseen.
    /// </summary>
    public bool RestoreInactive { get; set; }

    /// <summary>
    /// Whether <c>/ServiceProviderConfig</c> leaves out <c>pagination</c> (RFC 9865), which strict older clients
    /// reject.
    /// </summary>
    public bool OmitPagination { get; set; }

    /// <summary>Whether its administrators must have a second factor to do anything.</summary>
    public bool RequireSecondFactor { get; set; }

    /// <summary>E-mail domains in lower case, without <c>@</c>; none allows all.</summary>
    public List<string> Domains { get; set; } = [];

    public List<AccountLicence> Licences { get; init; } = [];

    /// <summary>The generation of the credential set that became active last; 0 if none ever did.</summary>
    public long LastGeneration { get; set; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>The account as <c>Scim.Api</c> is told of it.</summary>
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

/// <summary>A product that an account has bought.</summary>
internal sealed class AccountLicence
{
    public Guid AccountId { get; init; }

    public required string Product { get; init; }

    public int Seats { get; set; }

    /// <summary>Whether a new user gets it.</summary>
    public bool GivenToNewUsers { get; set; } = true;

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
    }
}
