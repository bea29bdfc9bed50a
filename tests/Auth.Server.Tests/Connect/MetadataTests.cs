using System.Text.Json;

namespace Auth.Server.Tests.Connect;

/// <summary>The metadata (RFC 8414) lists exactly what the server supports.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
internal sealed class MetadataTests
{
    private const string Issuer = "http://localhost:5001/";

    [TestCase("issuer", Issuer)]
    [TestCase("authorization_endpoint", Issuer + "connect/authorize")]
    [TestCase("token_endpoint", Issuer + "connect/token")]
    [TestCase("introspection_endpoint", Issuer + "connect/introspect")]
    [TestCase("revocation_endpoint", Issuer + "connect/revoke")]
    [TestCase("pushed_authorization_request_endpoint", Issuer + "connect/par")]
    [TestCase("jwks_uri", Issuer + ".well-known/jwks")]
    [TestCase("scopes_supported", "accounts.read credentials.read credentials.write events.poll offline_access scim")]
    [TestCase("response_types_supported", "code")]
    [TestCase("response_modes_supported", "query")]
    [TestCase("grant_types_supported",
        "authorization_code client_credentials refresh_token urn:ietf:params:oauth:grant-type:token-exchange")]
    [TestCase("token_endpoint_auth_methods_supported", "client_secret_basic client_secret_post private_key_jwt")]
    [TestCase("token_endpoint_auth_signing_alg_values_supported", "ES256")]
    [TestCase("introspection_endpoint_auth_methods_supported", "private_key_jwt")]
    [TestCase("introspection_endpoint_auth_signing_alg_values_supported", "ES256")]
    [TestCase("revocation_endpoint_auth_methods_supported", "client_secret_basic client_secret_post private_key_jwt")]
    [TestCase("revocation_endpoint_auth_signing_alg_values_supported", "ES256")]
    [TestCase("pushed_authorization_request_endpoint_auth_methods_supported",
        "client_secret_basic client_secret_post private_key_jwt")]
    [TestCase("pushed_authorization_request_endpoint_auth_signing_alg_values_supported", "ES256")]
    [TestCase("tls_client_certificate_bound_access_tokens", "False")]
    [TestCase("code_challenge_methods_supported", "S256")]
    [TestCase("authorization_response_iss_parameter_supported", "True")]
    [TestCase("require_pushed_authorization_requests", "False")]
    [TestCase("request_parameter_supported", "False")]
    [TestCase("request_uri_parameter_supported", "False")]
    [TestCase("claims_parameter_supported", "False")]
    [TestCase("prompt_values_supported", "consent none")]
    public async Task Each_value_is_as_listed(string name, string value)
    {
        Assert.That(await Read(), Does.ContainKey(name).WithValue(value));
    }

    [Test]
    public async Task Every_member_has_a_test()
    {
        var known = typeof(MetadataTests).GetMethod(nameof(Each_value_is_as_listed))!
            .GetCustomAttributes(typeof(TestCaseAttribute), inherit: false)
            .Select(test => (string)((TestCaseAttribute)test).Arguments[0]!);

        Assert.That((await Read()).Keys, Is.EquivalentTo(known));
    }

    private static async Task<Dictionary<string, string>> Read()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        var documents = new List<Dictionary<string, string>>();
        foreach (var path in new[] { "oauth-authorization-server", "openid-configuration" })
        {
            using var response = await http.GetAsync(new Uri($"/.well-known/{path}", UriKind.Relative));
            documents.Add((await response.Json()).EnumerateObject().ToDictionary(
                member => member.Name,
                member => member.Value.ValueKind == JsonValueKind.Array
                    ? string.Join(
                        ' ',
                        member.Value.EnumerateArray().Select(value => value.GetString()).Order(StringComparer.Ordinal))
                    : member.Value.ToString()));
        }
        Assert.That(documents[0], Is.EquivalentTo(documents[1]));
        return documents[0];
    }
}
