using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Lets a request in, in this order: the header's form, signature and claims (JwtBearer), introspection, floor and fence;
/// or at once, by what came of the same token before. A refusal on the way fails the authentication with a
/// <see cref="ScimException"/>; <see cref="Refusals"/> answers it.
/// </summary>
internal sealed class Admission(
    SigningKeys keys,
    IntrospectionCache cache,
    Inquiry inquiry,
    Floors floors,
    ScimDbContext db,
    TimeProvider time,
    ILogger<Admission> log) : JwtBearerEvents
{
    private static readonly JsonWebTokenHandler Jwts = new();

    // Whoever is let in is a Caller; the framework wants a principal all the same.
    private static readonly ClaimsPrincipal Known = new(new ClaimsIdentity(JwtBearerDefaults.AuthenticationScheme));

    /// <summary>Takes the token from the header, and sees to it that its key is at hand if there is one.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        try
        {
            // Health probes and unknown routes are nobody's business; their callers are not asked about.
            if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is null)
                context.NoResult();
            else if (Recall(context.Request.Headers.Authorization) is { } verdict)
                Repeat(verdict, context);
            else if (BearerToken.Of(context.HttpContext) is { } bearer)
            {
                await FindKey(bearer.Value, context.HttpContext.RequestAborted);
                context.HttpContext.Features.Set(bearer);
                context.Token = bearer.Value;
            }
            else
                context.NoResult();
        }
        catch (ScimException refusal)
        {
            context.Fail(refusal);
        }
        // Thrown on, it would be logged as a fault of ours. Nobody reads this answer.
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail(Introspection.Unknown());
        }
    }

    /// <summary>The token is one that we signed; whether it may be used is asked of the authorization server.</summary>
    public override async Task TokenValidated(TokenValidatedContext context)
    {
        try
        {
            var token = (JsonWebToken)context.SecurityToken;
            context.HttpContext.Features.Set(TokenOrigin.Of(token));
            var bearer = context.HttpContext.Features.GetRequiredFeature<BearerToken>();
            var caller = await Admit(bearer, token, context.HttpContext.RequestAborted);
            if (NeedsScheme(caller) && !bearer.HasScheme)
                throw new ScimException(TokenErrors.SchemeMissing());
            context.HttpContext.Features.Set(caller);
        }
        catch (ScimException refusal)
        {
            context.Fail(refusal);
        }
        // Thrown on, it would be logged as a fault of ours. Nobody reads this answer.
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail(Introspection.Unknown());
        }
    }

    /// <summary>
    /// Whether a request that takes long may go on, and as whom: it is refused as if it came now, if its set has ended
    /// meanwhile or the account is not served any more.
    /// </summary>
    public async Task<Caller> CheckAgain(BearerToken bearer, CancellationToken cancellation)
    {
        var verdict = TokenHash.Of(bearer.Value) is { } hash ? cache.Find(hash) : null;
        var caller = verdict?.Caller
            ?? await Admit(bearer, Jwts.ReadJsonWebToken(bearer.Value), cancellation);
        return new Rule(Scopes.Scim).Refusal(caller) is { } error ? throw new ScimException(error) : caller;
    }

    private static bool NeedsScheme(Caller caller) => caller.CredentialSet?.Method is not CredentialMethods.DirectJwt;

    private Verdict? Recall(StringValues header) =>
        TokenHash.Of(BearerToken.Peek(header, out var hasScheme)) is { } hash
        && cache.Find(hash) is { } verdict
        && (hasScheme || verdict.Caller is not { } caller || !NeedsScheme(caller))
            ? verdict
            : null;

    private static void Repeat(Verdict verdict, MessageReceivedContext context)
    {
        if (verdict.Caller is not { } caller)
        {
            context.HttpContext.Features.Set(verdict.Origin);
            throw new ScimException(verdict.Refusal!);
        }
        context.HttpContext.Features.Set(caller);
        context.Principal = Known;
        context.Success();
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

    private async Task<Caller> Admit(BearerToken bearer, JsonWebToken token, CancellationToken cancellation)
    {
        var origin = TokenOrigin.Of(token);
        var (answer, asked) = await inquiry.Ask(bearer, origin, cancellation);
        if (!answer.Active)
        {
            var refusal = RefusalOf(token, answer);
            if (origin is not null && !answer.Staged)
                Keep(bearer, new(asked, Caller: null, refusal, origin), expiresIn: null);
            throw new ScimException(refusal);
        }

        var caller = Caller.Of(answer, asked);
        if (caller.CredentialSet is { } set
            && !(floors.Admits(caller.AccountId, set.Generation) && await FenceAdmits(caller, set, cancellation)))
        {
            log.LogWarning(
                "Set {Set}, generation {Generation}, of account {Account} was called active but is not above the fence",
                set.Id, set.Generation, caller.AccountId);
            throw new ScimException(TokenErrors.NoLongerActive());
        }
        Keep(bearer, new(asked, caller), answer.ExpiresIn);
        return caller;
    }

    /// <summary>
    /// Holds the caller against the fence. Whatever the database says instead of an answer, nothing is known about the
    /// token then: nothing that is asked of it depends on the request.
    /// </summary>
    private async Task<bool> FenceAdmits(
        Caller caller, TokenIntrospection.CredentialSetReference set, CancellationToken cancellation)
    {
        try
        {
            return await db.Admits(caller.AccountId, set, cancellation);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            log.LogError(fault, "A token could not be held against the fence of account {Account}", caller.AccountId);
            throw Introspection.Unknown();
        }
    }

    private ScimError RefusalOf(JsonWebToken token, TokenIntrospection answer) => answer switch
    {
        { Staged: true } => TokenErrors.Staged(),
        _ when token.ValidTo != default && token.ValidTo < time.GetUtcNow().UtcDateTime =>
            TokenErrors.Expired(token.ValidTo),
        _ => TokenErrors.NoLongerActive(),
    };

    private void Keep(BearerToken bearer, Verdict verdict, long? expiresIn)
    {
        if (TokenHash.Of(bearer.Value) is { } hash)
            cache.Keep(hash, verdict, expiresIn);
    }
}
