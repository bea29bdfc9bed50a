using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.EntityFrameworkCore;
using OpenIddict.EntityFrameworkCore.Models;

namespace Auth.Server.Connect;

/// <summary>
/// An OAuth client (RFC 6749 §2): that of a credential set, a resource server's own, or one of the management API.
/// </summary>
internal sealed class Client : OpenIddictEntityFrameworkCoreApplication<Guid, Grant, Token>
{
    /// <summary>The credential set this client is the face of; null for the others.</summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    /// <summary>Of a client of the management API, what it may do there; null for the others.</summary>
    public ManagementAccess? Management { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Client>
    {
        public void Configure(EntityTypeBuilder<Client> client)
        {
            new OpenIddictEntityFrameworkCoreApplicationConfiguration<Client, Grant, Token, Guid>().Configure(client);
            client.HasOne(c => c.CredentialSet).WithMany().HasForeignKey(c => c.CredentialSetId);
            // No foreign key to the account, which never goes: SQLite would rebuild this table for it, in no
            // transaction.
            client.OwnsOne(c => c.Management);
        }
    }
}

/// <summary>What a client of the management API may do, and where it comes from.</summary>
internal sealed class ManagementAccess
{
    /// <summary>The one account that it knows of; null is all of them.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>Whether it changes nothing.</summary>
    public required bool ReadOnly { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>Who made it, for people to read.</summary>
    public required string CreatedBy { get; init; }
}

/// <summary>
/// What an administrator consented to: OpenIddict's authorization. The refresh tokens that follow from one code, and
/// their access tokens, are a family; the grant is what it lives and dies with.
/// </summary>
internal sealed class Grant : OpenIddictEntityFrameworkCoreAuthorization<Guid, Client, Token>
{
    /// <summary>The credential set the grant was given under.</summary>
    public Guid? CredentialSetId { get; set; }

    /// <summary>The e-mail address of the administrator who gave it.</summary>
    public string? AllowedBy { get; set; }

    /// <summary>
    /// When the client was given a newer grant, UTC: from then on it refreshes with that one. Access tokens run out by
    /// themselves, so that a client loses no request while it changes over.
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

/// <summary>A scope that OpenIddict knows of. We register ours in code; the table stays empty.</summary>
internal sealed class Scope : OpenIddictEntityFrameworkCoreScope<Guid>
{
    internal sealed class Configuration : IEntityTypeConfiguration<Scope>
    {
        public void Configure(EntityTypeBuilder<Scope> scope) =>
            new OpenIddictEntityFrameworkCoreScopeConfiguration<Scope, Guid>().Configure(scope);
    }
}

/// <summary>A code or token that was issued. A JWT without its row is no token of ours.</summary>
internal sealed class Token : OpenIddictEntityFrameworkCoreToken<Guid, Client, Grant>
{
    /// <summary>
    /// The credential set the token was issued under; null for the portal's and the management API's.
    /// </summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    /// <summary>The administrator's session behind a token of the portal; it ends with the session.</summary>
    public Guid? SessionId { get; set; }

    public AdministratorSession? Session { get; init; }

    /// <summary>The token that this one was exchanged for (RFC 8693); it ends when that one does.</summary>
    public Guid? SubjectTokenId { get; set; }

    /// <summary>The refresh token that a used refresh token was replaced by.</summary>
    public Guid? SuccessorId { get; set; }

    /// <summary>How often a refresh token was used.</summary>
    public int Uses { get; set; }

    /// <summary>The key that signed the token or, of a code or refresh token, encrypted it.</summary>
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
            token.HasOne(t => t.Session).WithMany().HasForeignKey(t => t.SessionId);
        }
    }
}

/// <summary>The tables of clients, and of what is issued to them.</summary>
internal static class OAuthTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Client> Clients => db.Set<Client>();

        public DbSet<Grant> Grants => db.Set<Grant>();

        public DbSet<Token> Tokens => db.Set<Token>();
    }
}
