using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Registers everything that admits requests. Route groups call <c>RequireAuthorization(Scopes.Scim)</c>: each policy
/// has the name of its scope.
/// </summary>
internal static class TokenValidation
{
    /// <summary>
    /// The policy of endpoints that need no token (RFC 7643 §5). A token that is sent anyway is checked as for
    /// <see cref="Scopes.Scim"/>.
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
            .AddPolicy(Scopes.Portal, policy => policy.AddRequirements(new ScopeRequirement(Scopes.Portal)))
            .AddPolicy(Scopes.ReadPeople, policy => policy.AddRequirements(new ScopeRequirement(Scopes.ReadPeople)))
            .AddPolicy(Scopes.CountSeats, policy => policy.AddRequirements(new ScopeRequirement(Scopes.CountSeats)));
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
            // Introspection decides, by the clock of Auth.Server.
            ValidateLifetime = false,
            IssuerSigningKeyResolver = (_, _, kid, _) => keys.Known(kid) is { } key ? [key] : [],
            TryAllIssuerSigningKeys = false,
        };
    }
}
