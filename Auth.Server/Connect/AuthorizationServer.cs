using Auth.Server.Data;
using Auth.Server.Keys;
using Auth.Server.Limits;
using Microsoft.Extensions.Options;
using OpenIddict.Core;
using OpenIddict.Server;
using OpenIddict.Validation.AspNetCore;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>The OAuth 2.0 authorization server: OpenIddict, with some defaults changed.</summary>
internal static class AuthorizationServer
{
    public const string AuthorizePath = "connect/authorize";
    public const string RevocationPath = "connect/revoke";

    /// <summary>The realm in authentication challenges (RFC 7617 §2, RFC 6750 §3).</summary>
    public const string Realm = "SciLeads Auth";

    public const string PushedAuthorizationPath = "connect/par";

    /// <summary>
    /// How long a used refresh token is still accepted, for a client that lost the response or sends concurrent
    /// requests. Using it later revokes its grant.
    /// </summary>
    public static readonly TimeSpan RefreshGrace = TimeSpan.FromSeconds(30);

    public static void AddAuthorizationServer(this IServiceCollection services, AuthOptions auth)
    {
        services.AddSingleton(provider => new TokenLookup(provider.GetRequiredService<Database>().ConnectionString));
        services.AddSingleton<KeyRing>();
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>>(
            provider => provider.GetRequiredService<KeyRing>());
        services.AddScoped<TokenIssuer>();
        services.AddSingleton<FailedAuthentications>();
        services.AddSingleton<ClientRateLimit>();
        services.AddScoped<ManagementClients>();
        services.AddScoped<RefreshTokens>();
        services.AddScoped(
            provider => (ClientManager)provider.GetRequiredService<OpenIddictApplicationManager<Client>>());
        services.AddScoped(provider => (TokenManager)provider.GetRequiredService<OpenIddictTokenManager<Token>>());

        var openIddict = services.AddOpenIddict();
        openIddict.AddCore(core => core
            .UseEntityFrameworkCore()
            .UseDbContext<AuthDbContext>()
            .ReplaceDefaultEntities<Client, Grant, Scope, Token, Guid>());
        openIddict.AddCore(core => core
            .ReplaceApplicationManager<Client, ClientManager>()
            .ReplaceAuthorizationManager<Grant, GrantManager>()
            .ReplaceTokenManager<Token, TokenManager>());
        openIddict.AddServer(server => Configure(server, auth));
        // Must run after OpenIddict's own configuration, which sorts the keys.
        services.AddSingleton<IPostConfigureOptions<OpenIddictServerOptions>>(
            provider => provider.GetRequiredService<KeyRing>());
        // The tokens of the management API, checked against the database on each request.
        openIddict.AddValidation(validation => validation
            .AddAudiences(Audiences.Management)
            .EnableTokenEntryValidation()
            .UseLocalServer());
        openIddict.AddValidation(validation => validation
            .AddEventHandler(HeaderTokensOnly.WithoutErrorUri.Descriptor)
            .UseAspNetCore()
            // See HeaderTokensOnly.
            .DisableAccessTokenExtractionFromQueryString()
            .DisableAccessTokenExtractionFromBodyForm()
            .SetRealm(Realm));

        foreach (var scope in ResourceServers.Scopes.Union(ManagementClients.Scopes))
        {
            services.AddAuthorizationBuilder().AddPolicy(scope, policy => policy
                .AddAuthenticationSchemes(OpenIddictValidationAspNetCoreDefaults.AuthenticationScheme)
                .RequireAssertion(
                    context => OpenIddict.Abstractions.OpenIddictExtensions.HasScope(context.User, scope)));
        }
    }

    private static void Configure(OpenIddictServerBuilder server, AuthOptions auth)
    {
        server.SetIssuer(auth.PublicUrl)
            .SetAuthorizationEndpointUris(AuthorizePath)
            .SetTokenEndpointUris(AuthServerPaths.Token)
            .SetIntrospectionEndpointUris(AuthServerPaths.Introspection)
            .SetRevocationEndpointUris(RevocationPath)
            .SetPushedAuthorizationEndpointUris(PushedAuthorizationPath)
            .SetJsonWebKeySetEndpointUris(AuthServerPaths.Keys);

        server.AllowAuthorizationCodeFlow().AllowRefreshTokenFlow().AllowClientCredentialsFlow()
            .AllowTokenExchangeFlow();
        server.Configure(options => options.SubjectTokenTypes.IntersectWith([TokenTypeIdentifiers.AccessToken]));
        // The client that exchanges a token is its actor; it cannot name another one.
        server.Configure(options => options.ActorTokenTypes.Clear());
        server.RegisterScopes(
            [Shared.Contracts.Scopes.Scim, .. ResourceServers.Scopes.Union(ManagementClients.Scopes)]);
        // Part of OpenID Connect: this server issues no id tokens.
        server.Configure(options => options.Scopes.Remove(OpenIddict.Abstractions.OpenIddictConstants.Scopes.OpenId));
        // The only resource (RFC 8707) that clients can request; all their tokens are for it anyway.
        server.RegisterResources(auth.ScimBaseUrl).IgnoreResourcePermissions();
        // RFC 7636 §4.2: clients must use S256, not plain.
        server.Configure(options => options.CodeChallengeMethods.Remove(CodeChallengeMethods.Plain));
        // The other modes would need inline script, or leave the code in the browser's history.
        server.Configure(options => options.ResponseModes.IntersectWith([ResponseModes.Query]));

        // Consent is always requested; whether to sign in again or as somebody else is up to the administrator.
        server.Configure(options => options.PromptValues.IntersectWith([PromptValues.Consent, PromptValues.None]));
        // Long enough for an administrator to sign in with a second factor (RFC 9126 §2.2).
        server.Configure(options => options.RequestTokenLifetime = TimeSpan.FromMinutes(10));
        server.SetAccessTokenLifetime(auth.AccessTokenLifetime)
            // Starts when the token is issued. An unused token expires; a used one gets a successor (RFC 9700 §4.14.2).
            .SetRefreshTokenLifetime(auth.UnusedRefreshTokenLifetime)
            .SetRefreshTokenReuseLeeway(RefreshGrace)
            // Scim.Api reads the claims of access tokens.
            .DisableAccessTokenEncryption();

        server.AddHandlers();

        var host = server.UseAspNetCore()
            .EnableAuthorizationEndpointPassthrough()
            // Errors that must not be sent to a redirect URI are shown as pages of the portal.
            .EnableStatusCodePagesIntegration()
            .EnableTokenEndpointPassthrough()
            .SetRealm(Realm);
        // TLS ends at a proxy; AuthOptions requires that the public address is https or this machine.
        host.DisableTransportSecurityRequirement();
    }
}
