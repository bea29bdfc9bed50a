using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OpenIddict.EntityFrameworkCore.Models;

namespace Auth.Server.Connect;

/// <summary>An OAuth client (RFC 6749 §2): that of a credential set, or a resource server's own.</summary>
internal sealed class Client : OpenIddictEntityFrameworkCoreApplication<Guid, Grant, Token>
{
    /// <summary>The credential set this client is the face of; null for a resource server.</summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Client>
    {
        public void Configure(EntityTypeBuilder<Client> client) =>
            client.HasOne(c => c.CredentialSet).WithMany().HasForeignKey(c => c.CredentialSetId);
    }
}

/// <summary>
/// What an administrator consented to: OpenIddict's authorization. The refresh tokens that follow from one code, and their
/// access tokens, are a family; the grant is what it lives and dies with.
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
        public void Configure(EntityTypeBuilder<Grant> grant) => grant.HasIndex(g => g.CredentialSetId);
    }
}

/// <summary>A scope that OpenIddict knows of. We register ours in code; the table stays empty.</summary>
internal sealed class Scope : OpenIddictEntityFrameworkCoreScope<Guid>;

/// <summary>A code or token that was issued. A JWT without its row is no token of ours.</summary>
internal sealed class Token : OpenIddictEntityFrameworkCoreToken<Guid, Client, Grant>
{
    /// <summary>The credential set the token was issued under; null for the portal's and the management API's.</summary>
    public Guid? CredentialSetId { get; set; }

    public CredentialSet? CredentialSet { get; init; }

    /// <summary>The administrator's session behind a token of the portal; it ends with the session.</summary>
    public Guid? SessionId { get; set; }

    public AdministratorSession? Session { get; init; }

    /// <summary>The key that signed the token or, of a code or refresh token, encrypted it.</summary>
    public string? KeyId { get; set; }

    public Keys.ServerKey? Key { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Token>
    {
        public void Configure(EntityTypeBuilder<Token> token)
        {
            token.HasOne(t => t.Key).WithMany().HasForeignKey(t => t.KeyId);
            token.HasIndex(t => new { t.KeyId, t.ExpirationDate });
            token.HasOne(t => t.CredentialSet).WithMany().HasForeignKey(t => t.CredentialSetId);
            token.HasOne(t => t.Session).WithMany().HasForeignKey(t => t.SessionId);
        }
    }
}
