using OpenIddict.Server;
using static OpenIddict.Server.AspNetCore.OpenIddictServerAspNetCoreHandlers;
using static OpenIddict.Server.OpenIddictServerEvents;
using static OpenIddict.Server.OpenIddictServerHandlers;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace Auth.Server.Connect;

/// <summary>
/// The changes to OpenIddict's pipelines. Each event is handled by a list of handlers, OpenIddict's and ours, in
/// ascending order. OpenIddict's are 1,000 apart; each of ours is placed next to the one that it depends on.
/// </summary>
internal static class Handlers
{
    // OpenIddict's first handler of an event is at int.MinValue + 100,000, and its last at int.MaxValue - 100,000.
    private const int BeforeAll = int.MinValue + 50_000;
    private const int AfterAll = int.MaxValue - 50_000;

    /// <summary>OpenIddict's handlers that are replaced by one of ours with the same order.</summary>
    private static readonly OpenIddictServerHandlerDescriptor[] replaced =
    [
        RestoreTokenEntryProperties.Descriptor,
        RedeemTokenEntry.Descriptor,
        OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor,
        ExtractBasicAuthenticationCredentials<ExtractTokenRequestContext>.Descriptor,
        ExtractBasicAuthenticationCredentials<ExtractPushedAuthorizationRequestContext>.Descriptor,
        ExtractBasicAuthenticationCredentials<ExtractIntrospectionRequestContext>.Descriptor,
        ExtractBasicAuthenticationCredentials<ExtractRevocationRequestContext>.Descriptor,
    ];

    /// <summary>Our handlers: by event in the order of a request, and by order within an event.</summary>
    private static readonly OpenIddictServerHandlerDescriptor[] added =
    [
        // A request is read: first its parameters, then the Authorization header, then the
        // client id in a subject token.
        Singleton<ExtractAuthorizationRequestContext, RequestParameters.Check<ExtractAuthorizationRequestContext>>(
            Basic<ExtractAuthorizationRequestContext>() - 500),
        .. Read<ExtractTokenRequestContext>(),
        Singleton<ExtractTokenRequestContext, TokenExchange.ReadClientId>(AfterAll),
        .. Read<ExtractPushedAuthorizationRequestContext>(),
        .. Read<ExtractRevocationRequestContext>(),
        Singleton<ExtractIntrospectionRequestContext, Introspection.RequirePost>(BeforeAll),
        .. Read<ExtractIntrospectionRequestContext>(),

        // The client is authenticated. An assertion that was verified moments ago is not verified again, and its client
        // does not have to queue. From ValidateClientCertificate on, the client is known and live.
        Singleton<ProcessAuthenticationContext, ClientAssertions.Recall>(
            ValidateClientAssertion.Descriptor.Order - 500),
        Singleton<ProcessAuthenticationContext, FailingNetworks>(ValidateClientAssertion.Descriptor.Order - 400),
        Singleton<ProcessAuthenticationContext, ClientAssertions.Check>(ValidateClientAssertion.Descriptor.Order + 500),
        Scoped<ProcessAuthenticationContext, Introspection.RequireResourceServer>(
            ValidateClientCertificate.Descriptor.Order + 400),
        Singleton<ProcessAuthenticationContext, ClientRateLimit.CountAuthenticated>(
            ValidateClientCertificate.Descriptor.Order + 450),
        Scoped<ProcessAuthenticationContext, ClientAssertions.UseOnce>(
            ValidateClientCertificate.Descriptor.Order + 500),

        // A client assertion, code or token that is presented is validated; then its row is read.
        Singleton<ValidateTokenContext, ClientAssertions.CheckClaims>(
            ValidateIdentityModelToken.Descriptor.Order - 550),
        Singleton<ValidateTokenContext, ClientAssertions.AcceptUsualType>(
            ValidateIdentityModelToken.Descriptor.Order - 500),
        Scoped<ValidateTokenContext, RestoreTokenEntry>(RestoreTokenEntryProperties.Descriptor.Order),
        Singleton<ValidateTokenContext, RequireLiveCredentialSet>(RestoreTokenEntryProperties.Descriptor.Order + 500),
        Singleton<ValidateTokenContext, ClientAssertions.CheckAudience>(ValidateAudiences.Descriptor.Order - 500),

        // A token request is validated. The client of a direct JWT is public; by now, the JWT has been validated.
        Singleton<ValidateTokenRequestContext, ClientRateLimit.CountPublic>(AfterAll),

        // Introspection. When everything else is valid, the node is recorded and an activation started.
        Singleton<ValidateIntrospectionRequestContext, Introspection.RequireAccessToken>(
            OpenIddictServerHandlers.Introspection.ValidateTokenType.Descriptor.Order - 500),
        Scoped<ValidateIntrospectionRequestContext, Introspection.BeginActivation>(
            OpenIddictServerHandlers.Introspection.ValidateAuthorizedParty.Descriptor.Order + 500),
        Singleton<HandleIntrospectionRequestContext, Introspection.AddAccount>(
            OpenIddictServerHandlers.Introspection.AttachApplicationClaims.Descriptor.Order + 500),
        Singleton<ApplyIntrospectionResponseContext, Introspection.ForbidStoring>(BeforeAll),
        Singleton<ApplyIntrospectionResponseContext, Introspection.AddReason>(
            OpenIddictServerHandlers.Introspection.NormalizeErrorResponse.Descriptor.Order + 500),

        // Revocation, the metadata document, and the authorization page.
        Scoped<HandleRevocationRequestContext, RevokeToken>(
            OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order),
        Singleton<HandleConfigurationRequestContext, Metadata>(AfterAll),
        Scoped<HandleAuthorizationRequestContext, AuthorizationErrors.BeforePage>(BeforeAll),

        // Tokens are issued: the code or token is redeemed, the keys are chosen, the row is written,
        // the response is completed.
        Scoped<ProcessSignInContext, RefreshTokens.Redeem>(RedeemTokenEntry.Descriptor.Order),
        Singleton<ProcessSignInContext, GrantedScope.KeepAccess>(RedeemTokenEntry.Descriptor.Order + 500),
        Singleton<GenerateTokenContext, RefreshTokens.Reissue>(AttachSecurityCredentials.Descriptor.Order + 250),
        Singleton<GenerateTokenContext, TokenStamp.Attach>(AttachSecurityCredentials.Descriptor.Order + 500),
        Singleton<GenerateTokenContext, TokenStamp.Detach>(CreateTokenEntry.Descriptor.Order + 500),
        Singleton<ProcessSignInContext, GrantedScope.Report>(AttachSignInParameters.Descriptor.Order + 500),

        // Errors get the RFCs' codes first. State and issuer are added after InferResponseMode. Failures are counted
        // after the status is set and before the headers of a 401 response are.
        .. ErrorCodes(),
        Scoped<ApplyAuthorizationResponseContext, AuthorizationErrors>(
            OpenIddictServerHandlers.Authentication.InferResponseMode.Descriptor.Order + 500),
        Scoped<ApplyTokenResponseContext, RecordEndedClients>(
            AttachHttpResponseCode<ApplyTokenResponseContext>.Descriptor.Order + 250),
        LimitFailures<ApplyTokenResponseContext>(),
        LimitFailures<ApplyIntrospectionResponseContext>(),
        LimitFailures<ApplyRevocationResponseContext>(),
        LimitFailures<ApplyPushedAuthorizationResponseContext>(),
    ];

    /// <summary>Adds our handlers to OpenIddict's pipelines.</summary>
    public static void AddHandlers(this OpenIddictServerBuilder server)
    {
        foreach (var handler in replaced)
            server.RemoveEventHandler(handler);
        foreach (var handler in added)
            server.AddEventHandler(handler);
    }

    /// <summary>The handlers that read requests at endpoints where clients authenticate.</summary>
    private static OpenIddictServerHandlerDescriptor[] Read<TContext>()
        where TContext : BaseValidatingContext =>
    [
        Singleton<TContext, RequestParameters.Check<TContext>>(Basic<TContext>() - 500),
        Singleton<TContext, BasicCredentials<TContext>>(Basic<TContext>()),
    ];

    private static int Basic<TContext>()
        where TContext : BaseValidatingContext => ExtractBasicAuthenticationCredentials<TContext>.Descriptor.Order;

    private static OpenIddictServerHandlerDescriptor[] ErrorCodes() =>
    [
        ErrorCodes<ApplyAuthorizationResponseContext>(),
        ErrorCodes<ApplyTokenResponseContext>(),
        ErrorCodes<ApplyPushedAuthorizationResponseContext>(),
        ErrorCodes<ApplyIntrospectionResponseContext>(),
        ErrorCodes<ApplyRevocationResponseContext>(),
        ErrorCodes<ApplyConfigurationResponseContext>(),
        ErrorCodes<ApplyJsonWebKeySetResponseContext>(),
    ];

    private static OpenIddictServerHandlerDescriptor ErrorCodes<TContext>()
        where TContext : BaseRequestContext => Singleton<TContext, ErrorResponses<TContext>>(BeforeAll - 25_000);

    private static OpenIddictServerHandlerDescriptor LimitFailures<TContext>()
        where TContext : BaseRequestContext =>
        Singleton<TContext, TooManyRequests<TContext>>(AttachHttpResponseCode<TContext>.Descriptor.Order + 500);

    private static OpenIddictServerHandlerDescriptor Singleton<TContext, THandler>(int order)
        where TContext : BaseContext
        where THandler : class, IOpenIddictServerHandler<TContext> =>
        OpenIddictServerHandlerDescriptor.CreateBuilder<TContext>()
            .UseSingletonHandler<THandler>().SetOrder(order).Build();

    private static OpenIddictServerHandlerDescriptor Scoped<TContext, THandler>(int order)
        where TContext : BaseContext
        where THandler : class, IOpenIddictServerHandler<TContext> =>
        OpenIddictServerHandlerDescriptor.CreateBuilder<TContext>()
            .UseScopedHandler<THandler>().SetOrder(order).Build();
}
