using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Lets a request in, in this order: the header's form, signature and claims (JwtBearer), introspection, the fence. A
/// refusal on the way fails the authentication with a <see cref="ScimException"/>; <see cref="Refusals"/> answers it.
/// </summary>
internal sealed class Admission(
    SigningKeys keys, Introspection introspection, ScimDbContext db, TimeProvider time, ILogger<Admission> log)
    : JwtBearerEvents
{
    private static readonly JsonWebTokenHandler Jwts = new();

    /// <summary>Takes the token from the header, and sees to it that its key is at hand if there is one.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        try
        {
            // Health probes and unknown routes are nobody's business; their callers are not asked about.
            if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is null
                || BearerToken.Read(context.Request.Headers.Authorization) is not { } bearer)
            {
                context.NoResult();
                return;
            }
            await FindKey(bearer.Value, context.HttpContext.RequestAborted);
            context.HttpContext.Features.Set(bearer);
            context.Token = bearer.Value;
        }
        catch (ScimException refusal)
        {
            context.Fail(refusal);
        }
    }

    /// <summary>The token is one that we signed; whether it may be used is asked of the authorization server.</summary>
    public override async Task TokenValidated(TokenValidatedContext context)
    {
        try
        {
            var token = (JsonWebToken)context.SecurityToken;
            context.HttpContext.Features.Set(TokenOrigin.Of(token));
            var caller = await Admit(token, context.HttpContext.RequestAborted);
            if (caller.CredentialSet?.Method is not CredentialMethods.DirectJwt
                && !context.HttpContext.Features.GetRequiredFeature<BearerToken>().HasScheme)
                throw new ScimException(TokenErrors.SchemeMissing());
            context.HttpContext.Features.Set(caller);
        }
        catch (ScimException refusal)
        {
            context.Fail(refusal);
        }
    }

    /// <summary>
    /// Whether a request that takes long may go on: it is refused as if it came now, if its set has ended meanwhile or
    /// the account is not served any more.
    /// </summary>
    public async Task CheckAgain(BearerToken bearer, CancellationToken cancellation)
    {
        var caller = await Admit(Jwts.ReadJsonWebToken(bearer.Value), cancellation);
        if (new Rule(Scopes.Scim).Refusal(caller) is { } error)
            throw new ScimException(error);
    }

    private async Task FindKey(string token, CancellationToken cancellation)
    {
        try
        {
            var kid = Jwts.ReadJsonWebToken(token).Kid;
            if (string.IsNullOrEmpty(kid) || await keys.Find(kid, cancellation) is null)
                throw new ScimException(TokenErrors.NotOurs());
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException)
        {
            throw new ScimException(TokenErrors.NotOurs());
        }
        catch (AuthServerFault)
        {
            throw Introspection.Unknown();
        }
    }

    private async Task<Caller> Admit(JsonWebToken token, CancellationToken cancellation)
    {
        var answer = await introspection.Ask(token.EncodedToken, cancellation);
        if (!answer.Active)
            throw new ScimException(token.ValidTo != default && token.ValidTo < time.GetUtcNow().UtcDateTime
                ? TokenErrors.Expired(token.ValidTo)
                : TokenErrors.NoLongerActive());

        var caller = Caller.Of(answer);
        if (caller.CredentialSet is { } set && !await db.Admits(caller.AccountId, set, cancellation))
        {
            log.LogWarning(
                "Set {Set}, generation {Generation}, of account {Account} was called active but is not above the fence",
                set.Id, set.Generation, caller.AccountId);
            throw new ScimException(TokenErrors.NoLongerActive());
        }
        return caller;
    }
}
