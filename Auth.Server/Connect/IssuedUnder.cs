using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The claims that link a code or token to the credential set or session that it was issued under. They are passed on
/// from code to refresh token to access token, and each token's row is filled in from them, never from its client.
/// </summary>
internal static class IssuedUnder
{
    /// <summary>The credential set's id.</summary>
    public const string CredentialSet = Shared.Contracts.AccessTokenClaims.CredentialSet;

    /// <summary>The id of the administrator's session, in tokens of the portal.</summary>
    public const string Session = "sid";

    /// <summary>The e-mail address of the administrator who consented, only in codes and refresh tokens.</summary>
    public const string AllowedBy = "allowed_by";

    /// <summary>
    /// The scope that token responses report (<see cref="GrantedScope"/>), only in codes and refresh tokens.
    /// </summary>
    public const string ReportedScope = "reported_scope";

    /// <summary>
    /// The id of the key. It is not in the token, only passed on to its row (<see cref="TokenStamp"/>).
    /// </summary>
    public const string Key = "Auth.Server.Connect.Key";

    /// <summary>
    /// The id of the subject token that was exchanged for this one (RFC 8693); like
    /// <see cref="Key"/>, not in the token.
    /// </summary>
    public const string SubjectToken = "Auth.Server.Connect.SubjectToken";

    public static Guid? Read(System.Security.Claims.ClaimsPrincipal? principal, string claim) =>
        Guid.TryParse(principal?.GetClaim(claim), out var id) ? id : null;
}

/// <summary>Stores the credential set of each grant with it.</summary>
internal sealed class GrantManager(
    IOpenIddictAuthorizationCache<Grant> cache,
    ILogger<GrantManager> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictAuthorizationStore<Grant> store) : OpenIddictAuthorizationManager<Grant>(cache, logger, options, store)
{
    public override async ValueTask PopulateAsync(
        Grant authorization, OpenIddictAuthorizationDescriptor descriptor,
        CancellationToken cancellationToken = default)
    {
        await base.PopulateAsync(authorization, descriptor, cancellationToken);
        authorization.CredentialSetId = IssuedUnder.Read(descriptor.Principal, IssuedUnder.CredentialSet);
        authorization.AllowedBy = descriptor.Principal?.GetClaim(IssuedUnder.AllowedBy);
    }
}

/// <summary>Stores with each token its credential set or session, and its key.</summary>
internal sealed class TokenManager(
    IOpenIddictTokenCache<Token> cache,
    ILogger<TokenManager> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictTokenStore<Token> store,
    AuthDbContext db,
    EventLog events) : OpenIddictTokenManager<Token>(cache, logger, options, store)
{
    /// <summary>Returns null if the id is not a GUID; the store would throw.</summary>
    public override ValueTask<Token?> FindByIdAsync(string identifier, CancellationToken cancellationToken = default) =>
        Guid.TryParse(identifier, out _) ? base.FindByIdAsync(identifier, cancellationToken) : new((Token?)null);

    /// <summary>Saves only the new row, without searching other entities for changes.</summary>
    public override async ValueTask CreateAsync(Token token, CancellationToken cancellationToken = default)
    {
        db.ChangeTracker.AutoDetectChangesEnabled = false;
        try
        {
            await base.CreateAsync(token, cancellationToken);
        }
        finally
        {
            db.ChangeTracker.AutoDetectChangesEnabled = true;
        }
    }

    public override async ValueTask PopulateAsync(
        Token token, OpenIddictTokenDescriptor descriptor, CancellationToken cancellationToken = default)
    {
        await base.PopulateAsync(token, descriptor, cancellationToken);
        token.CredentialSetId = IssuedUnder.Read(descriptor.Principal, IssuedUnder.CredentialSet);
        token.SessionId = IssuedUnder.Read(descriptor.Principal, IssuedUnder.Session);
        token.SubjectTokenId = IssuedUnder.Read(descriptor.Principal, IssuedUnder.SubjectToken);
        token.KeyId ??= descriptor.Principal?.GetClaim(IssuedUnder.Key);
    }

    /// <summary>
    /// Revokes a grant on every node. Revoking only its tokens' rows would not suffice, as a refresh in progress
    /// overwrites them and adds new ones. A second caller waits until the first revocation is in effect everywhere.
    /// </summary>
    public override async ValueTask<long> RevokeByAuthorizationIdAsync(
        string identifier, CancellationToken cancellationToken = default)
    {
        var id = Guid.Parse(identifier);
        var account = await db.CredentialSets
            .Where(set => db.Set<Grant>().Any(grant => grant.Id == id && grant.CredentialSetId == set.Id))
            .Select(set => set.AccountId).SingleAsync(cancellationToken);
        var ended = await events.PublishOnce(
            SecurityEvents.SessionRevoked,
            account,
            () => db.Grants.Where(grant => grant.Id == id && grant.Status == Statuses.Valid).ExecuteUpdateAsync(
                change => change.SetProperty(grant => grant.Status, Statuses.Revoked), cancellationToken),
            cancellationToken);
        return ended ? await base.RevokeByAuthorizationIdAsync(identifier, cancellationToken) : 0;
    }

    /// <summary>Revokes an access token on every node, and with it the tokens obtained in exchange for it.</summary>
    public async Task Revoke(Guid id)
    {
        var account = await db.Tokens.Where(token => token.Id == id)
            .Select(token => (Guid?)token.CredentialSet!.AccountId).SingleOrDefaultAsync();
        if (account is { } known)
        {
            await events.PublishOnce(
                SecurityEvents.SessionRevoked,
                known,
                () => db.Tokens.Where(token => token.Id == id && token.Status == Statuses.Valid).ExecuteUpdateAsync(
                    change => change.SetProperty(token => token.Status, Statuses.Revoked)),
                CancellationToken.None);
        }
    }
}
