using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Admits a request. In this order: the form of the header, signature and claims (JwtBearer), introspection, minimum
/// generation, fence. A cached verdict of the same token skips all but the first step. A refusal fails the
/// authentication with a <see cref="ScimException"/>, which <see cref="ScopeRequirement.ResultHandler"/> writes.
/// </summary>
internal sealed class TokenAdmission(
    SigningKeys keys,
    VerdictCache cache,
    TokenAdmissionQuery query,
    EventClock clock,
    ScimDbContext db,
    TimeProvider time,
    ILogger<TokenAdmission> log) : JwtBearerEvents
{
    private static readonly JsonWebTokenHandler Jwts = new();

    // Endpoints use the Caller; the framework requires a principal anyway.
    private static readonly ClaimsPrincipal Authenticated =
        new(new ClaimsIdentity(JwtBearerDefaults.AuthenticationScheme));

    /// <summary>Reads the token from the header, and makes sure that its signing key is in memory.</summary>
    public override async Task MessageReceived(MessageReceivedContext context)
    {
        try
        {
            // Health probes and unknown routes need no token, so a token is not read.
            if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is null)
                context.NoResult();
            else if (FindVerdict(context.Request.Headers.Authorization) is { } verdict)
                Apply(verdict, context);
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
        // The client has gone. Rethrown, this would be logged as a fault of this server.
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail(Introspection.Unknown());
        }
    }

    /// <summary>The signature and claims are valid. Auth.Server decides whether the token may be used.</summary>
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
        // The client has gone. Rethrown, this would be logged as a fault of this server.
        catch (OperationCanceledException) when (context.HttpContext.RequestAborted.IsCancellationRequested)
        {
            context.Fail(Introspection.Unknown());
        }
    }

    /// <summary>
    /// Checks during a long request whether its caller still has access, as if the request had just arrived.
    /// </summary>
    public async Task<Caller> CheckAgain(BearerToken bearer, bool isRead, CancellationToken cancellation)
    {
        var verdict = TokenHash.Of(bearer.Value) is { } hash ? cache.Find(hash) : null;
        var caller = verdict?.Caller
            ?? await Admit(bearer, Jwts.ReadJsonWebToken(bearer.Value), cancellation);
        return new ScopeRequirement(Scopes.Scim).Refusal(caller, isRead) is { } error
            ? throw new ScimException(error)
            : caller;
    }

    private static bool NeedsScheme(Caller caller) => caller.CredentialSet?.Method is not CredentialMethods.DirectJwt;

    private Verdict? FindVerdict(StringValues header) =>
        TokenHash.Of(BearerToken.Peek(header, out var hasScheme)) is { } hash
        && cache.Find(hash) is { } verdict
        && (hasScheme || verdict.Caller is not { } caller || !NeedsScheme(caller))
            ? verdict
            : null;

    private static void Apply(Verdict verdict, MessageReceivedContext context)
    {
        if (verdict.Caller is not { } caller)
        {
            context.HttpContext.Features.Set(verdict.Origin);
            throw new ScimException(verdict.Refusal!);
        }
        context.HttpContext.Features.Set(caller);
        context.Principal = Authenticated;
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
        var (answer, requestedAt) = await query.Run(bearer, origin, cancellation);
        if (!answer.Active)
        {
            var refusal = RefusalOf(token, answer);
            if (origin is not null && !answer.Staged)
                Cache(bearer, new(requestedAt, Caller: null, refusal, origin), expiresIn: null);
            throw new ScimException(refusal);
        }

        var caller = Caller.Of(answer, requestedAt);
        if (caller.CredentialSet is { } set
            && !(clock.Admits(caller.AccountId, set.Generation) && await FenceAdmits(caller, set, cancellation)))
        {
            log.LogWarning(
                "Set {Set}, generation {Generation}, of {Account} was reported active, but the fence refuses it",
                set.Id, set.Generation, caller.AccountId);
            throw new ScimException(TokenErrors.NoLongerActive());
        }
        Cache(bearer, new(requestedAt, caller), answer.ExpiresIn);
        return caller;
    }

    /// <summary>
    /// Checks the caller against the fence. If the database fails for any reason, the state of the token is unknown:
    /// the query does not depend on the request, so the request cannot be at fault.
    /// </summary>
    private async Task<bool> FenceAdmits(
        Caller caller, TokenIntrospection.CredentialSetReference set, CancellationToken cancellation)
    {
        try
        {
            return await db.FenceAdmits(caller.AccountId, set, cancellation);
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            log.LogError(fault, "A token could not be checked against the fence of {Account}", caller.AccountId);
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

    private void Cache(BearerToken bearer, Verdict verdict, long? expiresIn)
    {
        if (TokenHash.Of(bearer.Value) is { } hash)
            cache.Add(hash, verdict, expiresIn);
    }
}
