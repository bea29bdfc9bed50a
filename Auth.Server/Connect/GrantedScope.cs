using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The <c>scope</c> in token responses (RFC 6749 §5.1). A consent always grants <c>scim</c> and a refresh token,
/// because a client that cannot refresh would stop within the hour. But client libraries compare the response with
/// their request, so scopes that were not requested are left out.
/// </summary>
internal static class GrantedScope
{
    private const string RequestedAtRefresh = "Auth.Server.Connect.GrantedScope.RequestedAtRefresh";

    /// <summary>The scope in the token responses that follow from this authorization request.</summary>
    public static string For(OpenIddictRequest request) =>
        request.Scope is null ? Shared.Contracts.Scopes.Scim : string.Join(' ', request.GetScopes());

    /// <summary>
    /// Ignores the scope of a refresh request: there is only one scope that gives access, and a token
    /// without it would be useless.
    /// </summary>
    internal sealed class KeepAccess : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.EndpointType == OpenIddictServerEndpointType.Token
                && context.Request.IsRefreshTokenGrantType() && context.Request.Scope is not null)
            {
                context.Transaction.SetProperty(RequestedAtRefresh, string.Join(' ', context.Request.GetScopes()));
                context.Request.Scope = null;
            }
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Writes the scope into the response.</summary>
    internal sealed class Report : IOpenIddictServerHandler<ProcessSignInContext>
    {
        public ValueTask HandleAsync(ProcessSignInContext context)
        {
            if (context.EndpointType == OpenIddictServerEndpointType.Token)
            {
                var scope = context.Transaction.GetProperty<string>(RequestedAtRefresh)
                    ?? context.Principal!.GetClaim(IssuedUnder.ReportedScope)
                    ?? string.Join(' ', context.Principal!.GetScopes());
                context.Response.Scope = scope.Length > 0 ? scope : null;
            }
            return ValueTask.CompletedTask;
        }
    }
}
