using System.Text.Json;
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

    /// <summary>Adds whom the token belongs to. It was just found live.</summary>
    internal sealed class TellAccount(TimeProvider time) : IOpenIddictServerHandler<HandleIntrospectionRequestContext>
    {
        public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
            OpenIddictServerHandlerDescriptor.CreateBuilder<HandleIntrospectionRequestContext>()
                .UseSingletonHandler<TellAccount>()
                .SetOrder(OpenIddictServerHandlers.Introspection.AttachApplicationClaims.Descriptor.Order + 500)
                .Build();

        public ValueTask HandleAsync(HandleIntrospectionRequestContext context)
        {
            var token = context.Transaction.GetProperty<KnownToken>(typeof(KnownToken).FullName!)!;
            if (token.Account is not null)
                context.Claims["account"] = AsJson(token.Account);
            if (token.CredentialSet is { } set)
            {
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
