using System.Collections.Immutable;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Makes the metadata (RFC 8414 §2) as true as the server: what OpenIddict names for every endpoint is not what every
/// endpoint takes.
/// </summary>
internal sealed class Metadata : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        // Resource servers alone introspect, and they have keys.
        context.IntrospectionEndpointAuthenticationMethods.IntersectWith([ClientAuthenticationMethods.PrivateKeyJwt]);
        foreach (var endpoint in new[] { "token", "introspection", "revocation", "pushed_authorization_request" })
            context.Metadata[$"{endpoint}_endpoint_auth_signing_alg_values_supported"] =
                (ImmutableArray<string?>)[SecurityAlgorithms.EcdsaSha256];
        // OpenID Connect's: there are no id tokens here.
        context.Claims.Clear();
        context.SubjectTypes.Clear();
        context.IdTokenSigningAlgorithms.Clear();
        return ValueTask.CompletedTask;
    }
}
