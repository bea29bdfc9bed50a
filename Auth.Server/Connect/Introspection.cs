using System.Text.Json;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The introspection endpoint (RFC 7662): what OpenIddict answers, and the account, its rules and the credential set beside
/// it, in the words of <see cref="TokenIntrospection"/>.
/// </summary>
internal static class Introspection
{
    // Members of TokenIntrospection, and the property of a transaction that holds one of them.
    private const string WhyNot = "Auth.Server.Connect.WhyNot";
    private const string Pending = "pending";
    private const string Staged = "staged";

    /// <summary>A token in an address ends up in logs: GET is refused (RFC 7662 §4).</summary>
    internal sealed class OnlyPost : IOpenIddictServerHandler<ExtractIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ExtractIntrospectionRequestContext>()
                .UseSingletonHandler<OnlyPost>()
                .SetOrder(int.MinValue + 50_000)
                .Build();

        public ValueTask HandleAsync(ExtractIntrospectionRequestContext context)
        {
            if (context.Transaction.GetHttpRequest() is { } request && !HttpMethods.IsPost(request.Method))
                context.Reject(Errors.InvalidRequest, "Introspection requests are POST requests.");
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Who is no resource server is refused before the token is looked at: the answer would tell whether it is live.
    /// </summary>
    internal sealed class OnlyResourceServers(ClientManager clients) : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ProcessAuthenticationContext>()
                .UseScopedHandler<OnlyResourceServers>()
                // The client has proved itself by then.
                .SetOrder(OpenIddictServerHandlers.ValidateClientCertificate.Descriptor.Order + 400)
                .Build();

        public async ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context is { EndpointType: OpenIddictServerEndpointType.Introspection, ClientId.Length: > 0 }
                && await clients.FindByClientIdAsync(context.ClientId) is { CredentialSetId: not null } or { Management: not null })
            {
                context.Reject(Errors.UnauthorizedClient, "The client may not introspect tokens.");
            }
        }
    }

    /// <summary>A code or refresh token proves nothing to a resource server: it is not active there (RFC 7662 §2.2).</summary>
    internal sealed class OnlyAccessTokens : IOpenIddictServerHandler<ValidateIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateIntrospectionRequestContext>()
                .UseSingletonHandler<OnlyAccessTokens>()
                .SetOrder(OpenIddictServerHandlers.Introspection.ValidateTokenType.Descriptor.Order - 500)
                .Build();

        public ValueTask HandleAsync(ValidateIntrospectionRequestContext context)
        {
            if (context.GenericTokenPrincipal?.HasTokenType(TokenTypeIdentifiers.AccessToken) != true)
                context.Reject(Errors.InvalidToken, "The token is no access token.");
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Remembers the node that asks, and has a staged set take over by its first use. A set that has just taken over admits
    /// nobody before every node knows; until then the answer is "pending".
    /// </summary>
    internal sealed class TakeOver(Nodes nodes, TokenLookup tokens, CutOvers cutOvers, TimeProvider time)
        : IOpenIddictServerHandler<ValidateIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateIntrospectionRequestContext>()
                .UseScopedHandler<TakeOver>()
                .SetOrder(OpenIddictServerHandlers.Introspection.ValidateAuthorizedParty.Descriptor.Order + 500)
                .Build();

        public async ValueTask HandleAsync(ValidateIntrospectionRequestContext context)
        {
            var token = context.Transaction.GetProperty<KnownToken>(KnownToken.Property)!;
            if (await RecordNode(context, token))
            {
                // Whoever ended it while it was read did not know that somebody would have to be told.
                var id = Guid.Parse(context.GenericTokenPrincipal!.GetTokenId()!);
                var now = time.GetUtcNow().UtcDateTime;
                if (await tokens.Find(id, context.CancellationToken) is not { KeyWithdrawn: false } again
                    || !again.IsValid(now) || !again.IsUsable(now) || !again.HasLiveSubject(now))
                {
                    context.Reject(Errors.InvalidToken, "The token was ended just now.");
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
                cutOvers.Begin(set.Id);
                Refuse(context, Pending, "The credential set of the token is taking over.");
            }
        }

        private static void Refuse(ValidateIntrospectionRequestContext context, string why, string description)
        {
            context.Transaction.SetProperty(WhyNot, why);
            context.Reject(Errors.InvalidToken, description);
        }

        /// <summary>Records a node that was not known when the token was read.</summary>
        /// <returns>Whether it did.</returns>
        private async Task<bool> RecordNode(ValidateIntrospectionRequestContext context, KnownToken token)
        {
            if (NodeOf(context) is not { } node || nodes.IsKnown(token.NodeLastSeen))
                return false;
            var name = (string?)context.Request[TokenIntrospection.Parameters.NodeName] ?? "";
            try
            {
                await nodes.Saw(node, name, context.CancellationToken);
                return true;
            }
            catch (ProblemException wrong)
            {
                context.Reject(Errors.InvalidRequest, wrong.Message);
                return false;
            }
        }
    }

    /// <summary>The node of <c>Scim.Api</c> that asks; null if it does not say.</summary>
    public static Guid? NodeOf(BaseContext context) =>
        Guid.TryParse((string?)context.Transaction.Request?[TokenIntrospection.Parameters.Node], out var node) ? node : null;

    /// <summary>
    /// Adds to <c>active: false</c> what only <c>Scim.Api</c>, which has proved itself, is told: that it is worth asking
    /// again, or that somebody has to activate the set. A use of an ended set is remembered: somebody holds the old secret.
    /// </summary>
    internal sealed class TellWhyNot(CredentialUses uses, TimeProvider time) : IOpenIddictServerHandler<ApplyIntrospectionResponseContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyIntrospectionResponseContext>()
                .UseSingletonHandler<TellWhyNot>()
                .SetOrder(OpenIddictServerHandlers.Introspection.NormalizeErrorResponse.Descriptor.Order + 500)
                .Build();

        public ValueTask HandleAsync(ApplyIntrospectionResponseContext context)
        {
            if (context.Transaction.GetProperty<KnownToken>(KnownToken.Property)?.CredentialSet is not { } set
                || (bool?)context.Response[Claims.Active] != false)
                return ValueTask.CompletedTask;
            if (!CredentialSet.IsUsable(set.State, set.ExpiresAt, set.ActivateBefore, time.GetUtcNow().UtcDateTime))
                uses.Refused(set.Id, AddressIn(context.Request!), UserAgentIn(context.Request!));
            else if (context.Transaction.GetProperty<string>(WhyNot) is { } why)
                context.Response[why] = true;
            return ValueTask.CompletedTask;
        }
    }

    private static string? AddressIn(OpenIddictRequest request) =>
        (string?)request[TokenIntrospection.Parameters.ClientAddress];

    private static string? UserAgentIn(OpenIddictRequest request) =>
        (string?)request[TokenIntrospection.Parameters.ClientUserAgent];

    /// <summary>Adds whom the token belongs to. It was just found live.</summary>
    internal sealed class TellAccount(CredentialUses uses, TimeProvider time)
        : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<HandleIntrospectionRequestContext>()
                .UseSingletonHandler<TellAccount>()
                .SetOrder(OpenIddictServerHandlers.Introspection.AttachApplicationClaims.Descriptor.Order + 500)
                .Build();

        public ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            var token = context.Transaction.GetProperty<KnownToken>(KnownToken.Property)!;
            if (token.Account is not null)
                context.Claims["account"] = AsJson(token.Account);
            if (token.CredentialSet is { } set)
            {
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
                });
            }

            // A token outlives its set in writing only. Whole seconds, rounded down: a resource server must not admit
            // longer than this server does.
            DateTime?[] ends = [token.ExpiresAt, token.CredentialSet?.ExpiresAt];
            if (ends.Min() is { } end)
                context.Claims["expires_in"] = (long)Math.Max(0, (end - time.GetUtcNow().UtcDateTime).TotalSeconds);
            return ValueTask.CompletedTask;
        }

        private static OpenIddictParameter AsJson<T>(T value) => new(JsonSerializer.SerializeToElement(value));
    }

    /// <summary>An answer is true for a moment only: nobody may store it.</summary>
    internal sealed class NotStored : IOpenIddictServerHandler<ApplyIntrospectionResponseContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<ApplyIntrospectionResponseContext>()
                .UseSingletonHandler<NotStored>()
                .SetOrder(int.MinValue + 50_000)
                .Build();

        public ValueTask HandleAsync(ApplyIntrospectionResponseContext context)
        {
            if (context.Transaction.GetHttpRequest() is { } request)
                request.HttpContext.Response.Headers.CacheControl = "no-store";
            return ValueTask.CompletedTask;
        }
    }
}
