using System.Collections.Immutable;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Corrects the metadata (RFC 8414 §2): OpenIddict lists the same values for every endpoint, but not every
/// endpoint accepts all of them.
/// </summary>
internal sealed class Metadata : IOpenIddictServerHandler<HandleConfigurationRequestContext>
{
    public ValueTask HandleAsync(HandleConfigurationRequestContext context)
    {
        // Only resource servers introspect, and they authenticate with keys.
        context.IntrospectionEndpointAuthenticationMethods.IntersectWith([ClientAuthenticationMethods.PrivateKeyJwt]);
        foreach (var endpoint in new[] { "token", "introspection", "revocation", "pushed_authorization_request" })
            context.Metadata[$"{endpoint}_endpoint_auth_signing_alg_values_supported"] =
                (ImmutableArray<string?>)[SecurityAlgorithms.EcdsaSha256];
        // Part of OpenID Connect: this server issues no id tokens.
        context.Claims.Clear();
        context.SubjectTypes.Clear();
        context.IdTokenSigningAlgorithms.Clear();
        return ValueTask.CompletedTask;
    }
}
