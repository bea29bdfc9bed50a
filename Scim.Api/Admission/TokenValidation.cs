using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Registers admission. A group of routes says <c>RequireAuthorization(Scopes.Scim)</c>; each policy is named after its
/// scope.
/// </summary>
internal static class TokenValidation
{
    /// <summary>
    /// The policy of what needs no token (RFC 7643 §5), but answers those who send one as <see cref="Scopes.Scim"/>
    /// does.
    /// </summary>
    public const string ScimOrAnonymous = "scim-or-anonymous";

    public static void AddTokenValidation(this IServiceCollection services)
    {
        services.AddAuthServerConnection();
        services.AddSingleton<SigningKeys>();
        services.AddSingleton<Node>();
        services.AddSingleton<Introspection>();
        services.AddSingleton<SecurityEventReader>();
        services.AddHostedService<EventStream>();

        services.AddSingleton<Lease>();
        services.AddSingleton<EventClock>();
        services.AddSingleton<WritesInProgress>();
        services.AddSingleton<SecurityEventHandler>();

        services.AddSingleton<TokenAdmissionQuery>();
        services.AddSingleton<VerdictCache>();
        services.AddScoped<TokenAdmission>();
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme)
            .Configure<IOptions<AuthServerOptions>, SigningKeys>(Configure);
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, ScopeRequirement.ResultHandler>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Scopes.Scim, policy => policy.AddRequirements(new ScopeRequirement(Scopes.Scim)))
            .AddPolicy(
                ScimOrAnonymous,
                policy => policy.AddRequirements(new ScopeRequirement(Scopes.Scim, allowsAnonymous: true)))
            .AddPolicy(Scopes.Portal, policy => policy.AddRequirements(new ScopeRequirement(Scopes.Portal)));
    }

    private static void Configure(JwtBearerOptions jwt, IOptions<AuthServerOptions> server, SigningKeys keys)
    {
        jwt.EventsType = typeof(TokenAdmission);
        jwt.MapInboundClaims = false;
        jwt.TokenValidationParameters = new()
        {
            ValidIssuers = server.Value.IssuerSpellings,
            ValidAudience = Audiences.Scim,
            ValidTypes = ["at+jwt", "application/at+jwt"],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            // Introspection decides, by Auth.Server's clock.
            ValidateLifetime = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => keys.Known(kid) is { } key ? [key] : [],
            TryAllIssuerSigningKeys = false,
        };
    }
}
