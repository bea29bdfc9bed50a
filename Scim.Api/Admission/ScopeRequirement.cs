using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Requires a scope, an account that is not suspended and, for identity providers, that has SCIM. The portal of a
/// suspended account is read-only: its reads are admitted. So is the portal of a read-only administrator.
/// </summary>
/// <param name="scope">The scope.</param>
/// <param name="allowsAnonymous">Whether a request without credentials is allowed as well.</param>
internal sealed class ScopeRequirement(string scope, bool allowsAnonymous = false)
    : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.Resource is not HttpContext http)
            return Task.CompletedTask;
        if (http.Features.Get<Caller>() is not { } caller)
        {
            // An invalid token, or one whose state is unknown, is refused even where no token is required.
            if (allowsAnonymous && http.Request.Headers.Authorization.All(string.IsNullOrWhiteSpace))
                context.Succeed(requirement);
        }
        else if (Refusal(caller, HttpMethods.IsGet(http.Request.Method)) is { } error)
            context.Fail(new Failure(this, error));
        else
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    /// <summary>Why the caller is not authorized to read, or to make a change; null if it is.</summary>
    public ScimError? Refusal(Caller caller, bool isRead) => caller switch
    {
        // Auth.Server informs operators about suspended accounts, too.
        { Account: { Suspended: true } account }
            when scope is not (Scopes.ReadPeople or Scopes.CountSeats) && !(scope == Scopes.Portal && isRead) =>
            TokenErrors.Suspended(account.Name),
        { Account: { ScimEnabled: false } account, CredentialSet: not null } => TokenErrors.ScimDisabled(account.Name),
        _ when !caller.Scopes.Contains(scope) => TokenErrors.InsufficientScope(scope),
        // The portal's routes act on behalf of an administrator.
        { Administrator: null } when scope == Scopes.Portal => TokenErrors.InsufficientScope(scope),
        { Administrator.ReadOnly: true } when !isRead => TokenErrors.ReadOnly(),
        _ => null,
    };

    private sealed class Failure(ScopeRequirement requirement, ScimError error)
        : AuthorizationFailureReason(requirement, error.Detail)
    {
        public ScimError Error { get; } = error;
    }

    /// <summary>
    /// Answers a request that was not admitted: 401, 403 or, if the state of the token is unknown, 503.
    /// </summary>
    internal sealed class ResultHandler(RefusalObserver observe) : IAuthorizationMiddlewareResultHandler
    {
        public async Task HandleAsync(
            RequestDelegate next,
            HttpContext context,
            AuthorizationPolicy policy,
            PolicyAuthorizationResult authorizeResult)
        {
            if (authorizeResult.Succeeded)
            {
                await next(context);
                return;
            }
            var error = authorizeResult.Challenged
                ? Unauthenticated(await context.AuthenticateAsync())
                : Forbidden(authorizeResult.AuthorizationFailure!);
            await observe(context, error);
            await error.ExecuteAsync(context);
        }

        private static ScimError Forbidden(AuthorizationFailure failure) =>
            failure.FailureReasons.OfType<Failure>().First().Error;

        private static ScimError Unauthenticated(AuthenticateResult result) =>
            result.Failure switch
            {
                null => TokenErrors.Missing(),
                ScimException refusal => refusal.Error,
                _ => TokenErrors.NotOurs(),
            };
    }
}
