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
/// The claims that say under what a code or token was issued. They travel from code to refresh token to access token,
/// and each row is stamped from them, never from its client.
/// </summary>
internal static class IssuedUnder
{
    /// <summary>The credential set's id.</summary>
    public const string CredentialSet = Shared.Contracts.AccessTokenClaims.CredentialSet;

    /// <summary>The administrator's session's id, in tokens of the portal.</summary>
    public const string Session = "sid";

    /// <summary>
    /// The e-mail address of the administrator who consented. It is in codes and refresh tokens only.
    /// </summary>
    public const string AllowedBy = "allowed_by";

    /// <summary>
    /// The scope that answers report (<see cref="GrantedScope"/>). It is in codes and refresh tokens only.
    /// </summary>
    public const string ReportedScope = "reported_scope";

    /// <summary>The id of the key. It is in no token, only on its way to the row (<see cref="TokenStamp"/>).</summary>
    public const string Key = "Auth.Server.Connect.Key";

    /// <summary>
    /// The id of the token that this one is exchanged for (RFC 8693); like <see cref="Key"/> in no token.
    /// </summary>
    public const string SubjectToken = "Auth.Server.Connect.SubjectToken";

    public static Guid? Read(System.Security.Claims.ClaimsPrincipal? principal, string claim) =>
        Guid.TryParse(principal?.GetClaim(claim), out var id) ? id : null;
}

/// <summary>Stamps grants with the credential set they were given under.</summary>
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

/// <summary>Stamps tokens with the credential set or the session they were issued under, and with their key.</summary>
internal sealed class TokenManager(
    IOpenIddictTokenCache<Token> cache,
    ILogger<TokenManager> logger,
    IOptionsMonitor<OpenIddictCoreOptions> options,
    IOpenIddictTokenStore<Token> store,
    AuthDbContext db,
    EventLog events) : OpenIddictTokenManager<Token>(cache, logger, options, store)
{
    /// <summary>An id that is no GUID is nobody's; the store would fail on it.</summary>
    public override ValueTask<Token?> FindByIdAsync(string identifier, CancellationToken cancellationToken = default) =>
        Guid.TryParse(identifier, out _) ? base.FindByIdAsync(identifier, cancellationToken) : new((Token?)null);

    /// <summary>The new row is all there is to save, so that nothing else is searched for changes.</summary>
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
    /// Ends a grant, everywhere. Its tokens' own rows would not do: a refresh in progress writes over them, and adds to
    /// them. Whoever comes second waits until the first is done everywhere.
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

    /// <summary>Ends an access token, and with it those that it was exchanged for, everywhere.</summary>
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
