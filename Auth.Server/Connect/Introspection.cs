using System.Security.Claims;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Microsoft.AspNetCore;
using Microsoft.IdentityModel.JsonWebTokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The introspection endpoint (RFC 7662): OpenIddict's response, plus the account, its rules and the credential set, as
/// described by <see cref="TokenIntrospection"/>.
/// </summary>
internal static class Introspection
{
    // A transaction property, and the two members of TokenIntrospection that it can hold.
    private const string InactiveReason = "Auth.Server.Connect.InactiveReason";
    private const string Pending = "pending";
    private const string Staged = "staged";

    /// <summary>Refuses GET, because a token in a URL ends up in logs (RFC 7662 §4).</summary>
    internal sealed class RequirePost : IOpenIddictServerHandler<ExtractIntrospectionRequestContext>
    {
        public ValueTask HandleAsync(ExtractIntrospectionRequestContext context)
        {
            if (context.Transaction.GetHttpRequest() is { } request && !HttpMethods.IsPost(request.Method))
                context.Reject(Errors.InvalidRequest, "An introspection request must be a POST request.");
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Refuses a client that is not a resource server before the token is read: otherwise, the response would reveal
    /// whether the token is valid.
    /// </summary>
    internal sealed class RequireResourceServer(ClientManager clients)
        : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public async ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context is { EndpointType: OpenIddictServerEndpointType.Introspection, ClientId.Length: > 0 }
                && await clients.FindByClientIdAsync(context.ClientId)
                    is { CredentialSetId: not null } or { Management: not null })
            {
                context.Reject(Errors.UnauthorizedClient, "The client may not introspect tokens.");
            }
        }
    }

    /// <summary>Refuses codes and refresh tokens: for a resource server, they are not active (RFC 7662 §2.2).</summary>
    internal sealed class RequireAccessToken : IOpenIddictServerHandler<ValidateIntrospectionRequestContext>
    {
        public ValueTask HandleAsync(ValidateIntrospectionRequestContext context)
        {
            if (context.GenericTokenPrincipal?.HasTokenType(TokenTypeIdentifiers.AccessToken) != true)
                context.Reject(Errors.InvalidToken, "The token is not an access token.");
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Records the node that asks, and starts the activation of a staged set by its first use. A set that has just been
    /// activated is not usable until every node has confirmed that; until then, the response says "pending".
    /// </summary>
    internal sealed class BeginActivation(
        Nodes nodes, TokenLookup tokens, FirstUseActivations activations, TimeProvider time)
        : IOpenIddictServerHandler<ValidateIntrospectionRequestContext>
    {
        public async ValueTask HandleAsync(ValidateIntrospectionRequestContext context)
        {
            var token = context.Transaction.GetProperty<KnownToken>(KnownToken.Property)!;
            if (await RecordNode(context, token))
            {
                // The token may have ended before this node was registered; read it again.
                var id = Guid.Parse(context.GenericTokenPrincipal!.GetTokenId()!);
                var now = time.GetUtcNow().UtcDateTime;
                if (await tokens.Find(id, node: null, context.CancellationToken) is not { KeyWithdrawn: false } again
                    || !again.IsValid(now) || !again.IsUsable(now) || !again.HasLiveSubject(now))
                {
                    context.Reject(Errors.InvalidToken, "The token has just been revoked or has expired.");
                }
                else
                {
                    token = again;
                    context.Transaction.SetProperty(KnownToken.Property, token);
                }
            }
            if (context.IsRejected || token.CredentialSet is not { } set)
                return;

            if (set is { State: CredentialSetState.Staged, Activation: Activation.Manual } || !token.AllowsScim)
            {
                if (set.State == CredentialSetState.Staged)
                    Refuse(context, Staged, "The credential set of the token is staged.");
            }
            else if (!set.Confirmed)
            {
                activations.Begin(set.Id);
                Refuse(context, Pending, "The credential set of the token is being activated.");
            }
        }

        private static void Refuse(ValidateIntrospectionRequestContext context, string why, string description)
        {
            context.Transaction.SetProperty(InactiveReason, why);
            context.Reject(Errors.InvalidToken, description);
        }

        /// <summary>Records the node, unless its last contact was recent when the token was read.</summary>
        /// <returns>Whether the node was recorded.</returns>
        private async Task<bool> RecordNode(ValidateIntrospectionRequestContext context, KnownToken token)
        {
            if (NodeOf(context) is not { } node || nodes.IsKnown(token.NodeLastSeen))
                return false;
            var name = (string?)context.Request[TokenIntrospection.Parameters.NodeName] ?? "";
            try
            {
                await nodes.RecordIntrospection(node, name, context.CancellationToken);
                return true;
            }
            catch (ProblemException wrong)
            {
                context.Reject(Errors.InvalidRequest, wrong.Message);
                return false;
            }
        }
    }

    /// <summary>The node of <c>Scim.Api</c> that asks; null if the request does not name one.</summary>
    public static Guid? NodeOf(BaseContext context) =>
        Guid.TryParse((string?)context.Transaction.Request?[TokenIntrospection.Parameters.Node], out var node)
            ? node
            : null;

    /// <summary>
    /// Adds a reason to <c>active: false</c>, for <c>Scim.Api</c> only: that it should ask again, or that the set must
    /// be activated first. The use of an ended set is recorded, as it shows that somebody still has the old secret.
    /// </summary>
    internal sealed class AddReason(CredentialUses uses, TimeProvider time)
        : IOpenIddictServerHandler<ApplyIntrospectionResponseContext>
    {
        public ValueTask HandleAsync(ApplyIntrospectionResponseContext context)
        {
            if (context.Transaction.GetProperty<KnownToken>(KnownToken.Property)?.CredentialSet is not { } set
                || (bool?)context.Response[Claims.Active] != false)
                return ValueTask.CompletedTask;
            if (!CredentialSet.IsUsable(set.State, set.ExpiresAt, set.ActivateBefore, time.GetUtcNow().UtcDateTime))
            {
                if (!IsOfTest(context.Request!.Token))
                    uses.Refused(set.Id, AddressIn(context.Request), UserAgentIn(context.Request));
            }
            else if (context.Transaction.GetProperty<string>(InactiveReason) is { } why)
                context.Response[why] = true;
            return ValueTask.CompletedTask;
        }

        // There is no principal of a token that was refused. Its signature is valid, as its row was found.
        private static bool IsOfTest(string? token) =>
            new JsonWebToken(token).TryGetValue<string>(Claims.Scope, out var scope)
            && scope.Split(' ').Contains(Shared.Contracts.Scopes.ConnectionTest);
    }

    private static string? AddressIn(OpenIddictRequest request) =>
        (string?)request[TokenIntrospection.Parameters.ClientAddress];

    private static string? UserAgentIn(OpenIddictRequest request) =>
        (string?)request[TokenIntrospection.Parameters.ClientUserAgent];

    /// <summary>Adds the account and the credential set of a token that was just found valid.</summary>
    internal sealed class AddAccount(CredentialUses uses, AccountRegister accounts, TimeProvider time)
        : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public async ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            var token = context.Transaction.GetProperty<KnownToken>(KnownToken.Property)!;
            if (token.Account is not null)
                context.Claims["account"] = AsJson(token.Account);
            if (token.CredentialSet is { } set)
            {
                if (!context.GenericTokenPrincipal.HasScope(Shared.Contracts.Scopes.ConnectionTest))
                    uses.Used(set.Id, AddressIn(context.Request), UserAgentIn(context.Request));
                context.Claims["credential_set"] = AsJson(new TokenIntrospection.CredentialSetReference
                {
                    Id = set.Id,
                    Generation = set.Generation!.Value,
                    Method = set.Method,
                });
            }
            else if (token.Session is { } session)
            {
                context.Claims["act"] = AsJson(new TokenIntrospection.Actor
                {
                    Subject = session.AdministratorId.ToString(),
                    Email = session.AdministratorEmail,
                    ReadOnly = session.ReadOnly,
                });
            }

            else if (token.Account is null
                && (context.GenericTokenPrincipal.HasScope(Shared.Contracts.Scopes.ReadPeople)
                    || context.GenericTokenPrincipal.HasScope(Shared.Contracts.Scopes.CountSeats)))
            {
                await AddSubject(context, context.GenericTokenPrincipal);
            }

            // A token ends with its set, whatever its own expiry says. Rounded down to whole seconds, so that a
            // resource server does not accept the token longer than this server does.
            DateTime?[] ends = [token.ExpiresAt, token.CredentialSet?.ExpiresAt];
            if (ends.Min() is { } end)
                context.Claims["expires_in"] = (long)Math.Max(0, (end - time.GetUtcNow().UtcDateTime).TotalSeconds);
        }

        /// <summary>Adds the account of a token that this server issued to itself, without set or session.</summary>
        private async Task AddSubject(HandleIntrospectionRequestContext context, ClaimsPrincipal principal)
        {
            var account = await accounts.Get(
                Guid.Parse(principal.GetClaim(Claims.Subject)!), context.CancellationToken);
            context.Claims["account"] = AsJson(account.ToPolicy());
            context.Claims["act"] = AsJson(new TokenIntrospection.Actor
            {
                Subject = principal.GetClaim(Claims.ClientId)!,
            });
        }

        private static OpenIddictParameter AsJson<T>(T value) => new(JsonSerializer.SerializeToElement(value));
    }

    /// <summary>Forbids caching, as a response is only valid for a moment.</summary>
    internal sealed class ForbidStoring : IOpenIddictServerHandler<ApplyIntrospectionResponseContext>
    {
        public ValueTask HandleAsync(ApplyIntrospectionResponseContext context)
        {
            if (context.Transaction.GetHttpRequest() is { } request)
                request.HttpContext.Response.Headers.CacheControl = "no-store";
            return ValueTask.CompletedTask;
        }
    }
}
