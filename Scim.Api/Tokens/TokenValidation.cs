using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Registers who is let in. A group of routes says <c>RequireAuthorization(Scopes.Scim)</c>; a policy has the name of
/// its scope.
/// </summary>
internal static class TokenValidation
{
    /// <summary>
    /// The policy of what needs no token (RFC 7643 §5), but answers those who send one as <see cref="Scopes.Scim"/> does.
    /// </summary>
    public const string ForAnyone = "scim-or-anonymous";

    public static void AddTokenValidation(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddAuthServerConnection();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<Node>();
        services.AddSingleton<Lease>();
        services.AddSingleton<Floors>();
        services.AddSingleton<Freshness>();
        services.AddSingleton<WritesUnderWay>();
        services.AddSingleton<Introspection>();
        services.AddSingleton<Inquiry>();
        services.AddSingleton<IntrospectionCache>();
        services.AddSingleton<EventPolls>();
        services.AddSingleton<EventRecipient>();
        services.AddHostedService<EventStream>();
        services.AddScoped<Admission>();

        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<AuthServerOptions>, SigningKeys>(Configure);

        services.AddSingleton<IAuthorizationMiddlewareResultHandler, Refusals>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Scopes.Scim, policy => policy.AddRequirements(new Rule(Scopes.Scim)))
            .AddPolicy(ForAnyone, policy => policy.AddRequirements(new Rule(Scopes.Scim, isForAnyone: true)))
            .AddPolicy(Scopes.Portal, policy => policy.AddRequirements(new Rule(Scopes.Portal)));
    }

    /// <summary>What is needed to call the authorization server in this server's name; commands need no more.</summary>
    public static void AddAuthServerConnection(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ClientKey>();
        services.AddSingleton<ClientAssertion>();
        services.AddSingleton<AuthServerClient>();
        services.AddSingleton<ClientCredentials>();
        services.AddSingleton(_ => new AuthServerConnection());
    }

    private static void Configure(JwtBearerOptions jwt, IOptions<AuthServerOptions> server, SigningKeys keys)
    {
        jwt.EventsType = typeof(Admission);
        jwt.MapInboundClaims = false;
        jwt.TokenValidationParameters = new()
        {
            ValidIssuers = server.Value.IssuerSpellings,
            ValidAudience = Audiences.Scim,
            ValidTypes = ["at+jwt", "application/at+jwt"],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            // By the clock of the authorization server, when it is introspected.
            ValidateLifetime = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => keys.Known(kid) is { } key ? [key] : [],
            TryAllIssuerSigningKeys = false,
        };
    }
}
