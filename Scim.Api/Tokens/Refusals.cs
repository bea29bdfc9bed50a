using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tokens;

/// <summary>Answers a request that was not let in: 401, 403 or, if nothing is known about the token, 503.</summary>
internal sealed class Refusals : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(
        RequestDelegate next,
        HttpContext context,
        AuthorizationPolicy policy,
        PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
            await next(context);
        else if (authorizeResult.Challenged)
            await Unauthenticated(await context.AuthenticateAsync()).ExecuteAsync(context);
        else
            await Forbidden(authorizeResult.AuthorizationFailure!).ExecuteAsync(context);
    }

    private static ScimError Forbidden(AuthorizationFailure failure) =>
        failure.FailureReasons.OfType<Rule.Broken>().First().Error;

    private static ScimError Unauthenticated(AuthenticateResult result) =>
        result.Failure switch
        {
            null => TokenErrors.Missing(),
            ScimException refusal => refusal.Error,
            _ => TokenErrors.NotOurs(),
        };
}
