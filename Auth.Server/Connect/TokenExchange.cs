using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Token exchange (RFC 8693): an access token of a credential set for another one that lives no longer and opens no
/// more, so that a vault can keep the first and hand out hours. It belongs to the same set and family, and dies with
/// them.
/// </summary>
internal static class TokenExchange
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    // RFC 8693 §4.1; OpenIddict's own constant is another claim.
    private const string Actor = "act";

    /// <summary>The property of a transaction in which a token that is its own proof was found good.</summary>
    public const string Proved = "Auth.Server.Connect.TokenExchange.Proved";

    /// <summary>How many times a token may be traded in a row.</summary>
    private const int MaxDepth = 4;

    /// <summary>
    /// What the new token stands for: what the traded one did, and in <c>act</c> (RFC 8693 §4.1) who traded it.
    /// </summary>
    /// <returns>The new token, or <c>invalid_grant</c> or <c>invalid_scope</c>.</returns>
    public static IResult Trade(
        ClaimsPrincipal subject, OpenIddictRequest request, TimeSpan longest, DateTimeOffset now)
    {
        var before = subject.GetClaim(Actor) is { } json ? JsonNode.Parse(json)!.AsObject() : null;
        if (DepthOf(before) >= MaxDepth)
            return Refuse(
                Errors.InvalidGrant, $"The token was traded {MaxDepth} times in a row already. Trade an earlier one.");

        var account = Guid.Parse(subject.GetClaim(Claims.Subject)!);
        if (IssuedUnder.Read(subject, IssuedUnder.CredentialSet) is not { } set)
            return Refuse(Errors.InvalidGrant, "The token belongs to no credential set.");
        // A refresh token would outlive the token that was traded.
        var held = subject.GetScopes().Remove(Scopes.OfflineAccess);
        var scopes = request.Scope is null ? held : request.GetScopes();
        if (scopes.Except(held, StringComparer.Ordinal).FirstOrDefault() is { } wider)
            return Refuse(Errors.InvalidScope, $"The token cannot be traded for the scope {wider}.");

        var left = subject.GetExpirationDate()!.Value - now;
        var principal = TokenEndpoint.PrincipalOf(account, set, scopes)
            .SetAuthorizationId(subject.GetAuthorizationId())
            .SetAccessTokenLifetime(left < longest ? left : longest);
        var actor = new JsonObject { [Claims.Subject] = request.ClientId };
        if (before is not null)
            actor[Actor] = before;
        principal.SetClaim(Actor, actor).SetDestinations(_ => [Destinations.AccessToken]);
        return Results.SignIn(principal, authenticationScheme: Scheme);
    }

    private static IResult Refuse(string error, string description) => Results.Forbid(
        new AuthenticationProperties(new Dictionary<string, string?>
        {
            [OpenIddictServerAspNetCoreConstants.Properties.Error] = error,
            [OpenIddictServerAspNetCoreConstants.Properties.ErrorDescription] = description,
        }),
        [Scheme]);

    /// <summary>Whether nothing but the token that is to be traded proves who asks.</summary>
    public static bool IsItsOwnProof(OpenIddictRequest request) =>
        request.IsTokenExchangeGrantType() && request is { ClientSecret: null or "", ClientAssertion: null or "" };

    private static int DepthOf(JsonNode? actor) => actor is null ? 0 : 1 + DepthOf(actor[Actor]);

    /// <summary>
    /// The holder of a direct JWT trades it without authenticating: the JWT is the proof (RFC 8693 §2.1 leaves that to
    /// the server). It names its client itself, which is a public one that can do nothing else.
    /// </summary>
    internal sealed class NameClient : IOpenIddictServerHandler<ExtractTokenRequestContext>
    {
        private static readonly JsonWebTokenHandler reader = new();

        public ValueTask HandleAsync(ExtractTokenRequestContext context)
        {
            if (context.Request is
                    { ClientId: null or "", ClientAssertion: null or "", SubjectToken.Length: > 0 } request
                && request.IsTokenExchangeGrantType()
                && reader.CanReadToken(request.SubjectToken))
            {
                // Not believed yet: the token is checked, and whether that client may present it.
                try
                {
                    request.ClientId = reader.ReadJsonWebToken(request.SubjectToken)
                        .TryGetPayloadValue(Claims.ClientId, out string? name) ? name : null;
                }
                catch (ArgumentException)
                {
                    // No JWT after all; the request stays one without a client.
                }
            }
            return ValueTask.CompletedTask;
        }
    }
}
