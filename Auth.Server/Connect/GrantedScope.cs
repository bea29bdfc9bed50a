using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The <c>scope</c> in the answers of the token endpoint (RFC 6749 §5.1). A consent always grants <c>scim</c> and a
/// refresh token, because a client that cannot refresh would stop within the hour; but client libraries compare the
/// answer with what they asked for, so it leaves out what they did not.
/// </summary>
internal static class GrantedScope
{
    private const string RequestedAtRefresh = "Auth.Server.Connect.GrantedScope.RequestedAtRefresh";

    /// <summary>What the answers will say to a client that made this authorization request.</summary>
    public static string For(OpenIddictRequest request) =>
        request.Scope is null ? Shared.Contracts.Scopes.Scim : string.Join(' ', request.GetScopes());

    /// <summary>
    /// A refresh that asks for less gets the same access: there is one thing to grant, and a token without it would
    /// open nothing.
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

    /// <summary>Writes it into the answer.</summary>
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
