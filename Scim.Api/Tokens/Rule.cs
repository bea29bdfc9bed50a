using Microsoft.AspNetCore.Authorization;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>What a caller must be allowed, by scope and account, once it is known who it is.</summary>
/// <param name="scope">The scope that it must have.</param>
/// <param name="isForAnyone">Whether somebody who shows no credentials is allowed it as well.</param>
internal sealed class Rule(string scope, bool isForAnyone = false) : AuthorizationHandler<Rule>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, Rule requirement)
    {
        if (context.Resource is not HttpContext http)
            return Task.CompletedTask;
        if (http.Features.Get<Caller>() is not { } caller)
        {
            // Whoever shows a bad token, or one whose state is unknown, hears of that instead.
            if (isForAnyone && http.Request.Headers.Authorization.All(string.IsNullOrWhiteSpace))
                context.Succeed(requirement);
        }
        else if (Refusal(caller) is { } error)
            context.Fail(new Broken(this, error));
        else
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    /// <summary>Why the caller is not allowed what it asks; null if it is.</summary>
    public ScimError? Refusal(Caller caller) => caller switch
    {
        { Account: { Suspended: true } account } => TokenErrors.Suspended(account.Name),
        { Account: { ScimEnabled: false } account, CredentialSet: not null } => TokenErrors.ScimDisabled(account.Name),
        _ when !caller.Scopes.Contains(scope) => TokenErrors.InsufficientScope(scope),
        // The portal's routes act in an administrator's name.
        { Administrator: null } when scope == Scopes.Portal => TokenErrors.InsufficientScope(scope),
        _ => null,
    };

    /// <summary>Carries the error to <see cref="Refusals"/>.</summary>
    public sealed class Broken(Rule rule, ScimError error) : AuthorizationFailureReason(rule, error.Detail)
    {
        public ScimError Error { get; } = error;
    }
}
