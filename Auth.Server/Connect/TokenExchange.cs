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
/// Token exchange (RFC 8693): exchanges an access token of a credential set for another one with the same or less
/// access and lifetime, so that a vault can keep a long-lived token and hand out short-lived ones. The new token
/// belongs to the same set and grant, and ends with them.
/// </summary>
internal static class TokenExchange
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    // RFC 8693 §4.1; OpenIddict's constant of this name is another claim.
    private const string Actor = "act";

    /// <summary>
    /// The transaction property that marks a subject token as valid that was sent without client authentication.
    /// </summary>
    public const string SubjectTokenAccepted = "Auth.Server.Connect.TokenExchange.SubjectTokenAccepted";

    /// <summary>The maximum number of successive exchanges.</summary>
    private const int MaxDepth = 4;

    /// <summary>
    /// Issues a token for the same subject, with the exchanging client in <c>act</c> (RFC 8693 §4.1).
    /// </summary>
    /// <returns>The new token, or <c>invalid_grant</c> or <c>invalid_scope</c>.</returns>
    public static IResult Exchange(
        ClaimsPrincipal subject, OpenIddictRequest request, TimeSpan longest, DateTimeOffset now)
    {
        var before = subject.GetClaim(Actor) is { } json ? JsonNode.Parse(json)!.AsObject() : null;
        if (DepthOf(before) >= MaxDepth)
            return Refuse(
                Errors.InvalidGrant, $"The token was already exchanged {MaxDepth} times. Exchange an earlier token.");

        var account = Guid.Parse(subject.GetClaim(Claims.Subject)!);
        if (IssuedUnder.Read(subject, IssuedUnder.CredentialSet) is not { } set)
            return Refuse(Errors.InvalidGrant, "The token does not belong to a credential set.");
        // A refresh token would outlive the subject token.
        var held = subject.GetScopes().Remove(Scopes.OfflineAccess);
        var scopes = request.Scope is null ? held : request.GetScopes();
        if (scopes.Except(held, StringComparer.Ordinal).FirstOrDefault() is { } wider)
            return Refuse(Errors.InvalidScope, $"The token cannot be exchanged for the scope {wider}.");

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

    /// <summary>Whether the subject token is the only proof of the client's identity.</summary>
    public static bool LacksClientAuthentication(OpenIddictRequest request) =>
        request.IsTokenExchangeGrantType() && request is { ClientSecret: null or "", ClientAssertion: null or "" };

    private static int DepthOf(JsonNode? actor) => actor is null ? 0 : 1 + DepthOf(actor[Actor]);

    /// <summary>
    /// Reads the client id from a direct JWT. Its holder exchanges it without client authentication, as the JWT itself
    /// is the proof (RFC 8693 §2.1 leaves that to the server). Its client is a public one that can do nothing else.
    /// </summary>
    internal sealed class ReadClientId : IOpenIddictServerHandler<ExtractTokenRequestContext>
    {
        private static readonly JsonWebTokenHandler reader = new();

        public ValueTask HandleAsync(ExtractTokenRequestContext context)
        {
            if (context.Request is
                    { ClientId: null or "", ClientAssertion: null or "", SubjectToken.Length: > 0 } request
                && request.IsTokenExchangeGrantType()
                && reader.CanReadToken(request.SubjectToken))
            {
                // Not trusted yet: the token is validated later, and so is whether that client may present it.
                try
                {
                    request.ClientId = reader.ReadJsonWebToken(request.SubjectToken)
                        .TryGetPayloadValue(Claims.ClientId, out string? name) ? name : null;
                }
                catch (ArgumentException)
                {
                    // Not a JWT; the request stays without a client.
                }
            }
            return ValueTask.CompletedTask;
        }
    }
}
