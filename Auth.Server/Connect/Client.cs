using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace Auth.Server.Connect;

/// <summary>An OAuth client (RFC 6749 §2): of a credential set, a resource server or the management API.</summary>
internal sealed class Client : OpenIddictEntityFrameworkCoreApplication<Guid, Grant, Token>
{
    /// <summary>The credential set that the client belongs to; null for other clients.</summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    /// <summary>What a client of the management API may do; null for other clients.</summary>
    public ManagementAccess? Management { get; init; }

    /// <summary>The name with the client id, as display names are not unique: for the audit log.</summary>
    public string UniqueName => $"{DisplayName} ({ClientId})";

    /// <summary>The display name in a <see cref="UniqueName"/>.</summary>
    public static string NameIn(string uniqueName) =>
        uniqueName.LastIndexOf(" (", StringComparison.Ordinal) is > 0 and var end ? uniqueName[..end] : uniqueName;

    internal sealed class Configuration : IEntityTypeConfiguration<Client>
    {
        public void Configure(EntityTypeBuilder<Client> client)
        {
            new OpenIddictEntityFrameworkCoreApplicationConfiguration<Client, Grant, Token, Guid>().Configure(client);
            client.HasOne(c => c.CredentialSet).WithMany().HasForeignKey(c => c.CredentialSetId);
            // No foreign key to the account: accounts are never deleted, and SQLite would have to rebuild this table
            // outside of a transaction.
            client.OwnsOne(c => c.Management);
        }
    }
}

/// <summary>What a client of the management API may do, and who created it.</summary>
internal sealed class ManagementAccess
{
    /// <summary>The only account that it can access; null is all accounts.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>Whether it can only read.</summary>
    public required bool ReadOnly { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>The display name of who created it.</summary>
    public required string CreatedBy { get; init; }
}

/// <summary>
/// An administrator's consent, called authorization in OpenIddict. All refresh and access tokens that follow from one
/// code belong to its grant and end with it.
/// </summary>
internal sealed class Grant : OpenIddictEntityFrameworkCoreAuthorization<Guid, Client, Token>
{
    /// <summary>The credential set that the grant belongs to.</summary>
    public Guid? CredentialSetId { get; set; }

    /// <summary>The e-mail address of the administrator who consented.</summary>
    public string? AllowedBy { get; set; }

    /// <summary>
    /// When the client received a newer grant, UTC: from then on, it can refresh only with that one. Access tokens of
    /// this grant stay valid until they expire, so that no request fails during the change.
    /// </summary>
    public DateTime? ReplacedAt { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<Grant>
    {
        public void Configure(EntityTypeBuilder<Grant> grant)
        {
            new OpenIddictEntityFrameworkCoreAuthorizationConfiguration<Grant, Client, Token, Guid>().Configure(grant);
            grant.HasIndex(g => g.CredentialSetId);
        }
    }
}

/// <summary>OpenIddict's entity for scopes. Ours are registered in code, so the table stays empty.</summary>
internal sealed class Scope : OpenIddictEntityFrameworkCoreScope<Guid>
{
    internal sealed class Configuration : IEntityTypeConfiguration<Scope>
    {
        public void Configure(EntityTypeBuilder<Scope> scope) =>
            new OpenIddictEntityFrameworkCoreScopeConfiguration<Scope, Guid>().Configure(scope);
    }
}

/// <summary>A code or token that was issued. A JWT without a row is not accepted.</summary>
internal sealed class Token : OpenIddictEntityFrameworkCoreToken<Guid, Client, Grant>
{
    /// <summary>
    /// The credential set that the token was issued under; null for tokens of the portal and the management API.
    /// </summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    /// <summary>The administrator's session behind a token of the portal; it ends with the session.</summary>
    public Guid? SessionId { get; set; }

    public AdministratorSession? Session { get; init; }

    /// <summary>The subject token that was exchanged for this one (RFC 8693); when it ends, so does this one.</summary>
    public Guid? SubjectTokenId { get; set; }

    /// <summary>The refresh token that replaced this used one.</summary>
    public Guid? SuccessorId { get; set; }

    /// <summary>How often a refresh token was used.</summary>
    public int Uses { get; set; }

    /// <summary>The key that signed the token or, for a code or refresh token, encrypted it.</summary>
    public string? KeyId { get; set; }

    public Keys.ServerKey? Key { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Token>
    {
        public void Configure(EntityTypeBuilder<Token> token)
        {
            new OpenIddictEntityFrameworkCoreTokenConfiguration<Token, Client, Grant, Guid>().Configure(token);
            token.HasOne(t => t.Key).WithMany().HasForeignKey(t => t.KeyId);
            token.HasIndex(t => new { t.KeyId, t.ExpirationDate });
            token.HasOne(t => t.CredentialSet).WithMany().HasForeignKey(t => t.CredentialSetId);
            // A session is only deleted with its administrator, for whom a token may be issued at that moment.
            token.HasOne(t => t.Session).WithMany().HasForeignKey(t => t.SessionId).OnDelete(DeleteBehavior.Cascade);
        }
    }
}

/// <summary>The tables of clients, and of the grants and tokens issued to them.</summary>
internal static class OAuthTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Client> Clients => db.Set<Client>();

        public DbSet<Grant> Grants => db.Set<Grant>();

        public DbSet<Token> Tokens => db.Set<Token>();
    }
}
