using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Scim.Api.Tests.Discovery;

/// <summary>How a client that knows only the SCIM Base URL finds the authorization server (RFC 9728).</summary>
internal sealed partial class ResourceMetadataTests
{
    [TestCase(null)]
    [TestCase("Bearer nonsense")]
    public async Task A_challenge_leads_to_the_metadata_and_they_name_the_authorization_server(string? authorization)
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientWith(authorization);

        using var refused = await client.GetAsync("/scim/v2/Users");
        var address = new Uri(Pointer().Match($"{refused.Headers.WwwAuthenticate}").Groups[1].Value);
        var metadata = await client.GetFromJsonAsync<JsonObject>(address.PathAndQuery);

        using (Assert.EnterMultipleScope())
        {
            // At the address of §3.1, for clients that do not wait for a challenge.
            Assert.That(
                address.ToString(), Is.EqualTo("http://localhost:5002/.well-known/oauth-protected-resource/scim/v2"));
            Assert.That((string?)metadata!["resource"], Is.EqualTo("http://localhost:5002/scim/v2"));
            Assert.That((string?)metadata["authorization_servers"]![0], Is.EqualTo(server.AuthServer.Url + "/"));
            Assert.That((string?)metadata["scopes_supported"]![0], Is.EqualTo("scim"));
            Assert.That((string?)metadata["bearer_methods_supported"]![0], Is.EqualTo("header"));
        }
    }

    [GeneratedRegex("resource_metadata=\"([^\"]+)\"")]
    private static partial Regex Pointer();
}
