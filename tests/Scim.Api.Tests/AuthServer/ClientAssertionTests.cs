using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;
using Shared.Contracts;

namespace Scim.Api.Tests.AuthServer;

[Parallelizable]
public sealed class ClientAssertionTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Probe.Map, time: time);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test(Description = "RFC 7523 §3")]
    public async Task Introspection_is_authenticated_by_a_JWT_of_our_key_for_the_issuer_only()
    {
        using var client = server.ClientOf(new TestAccount());
        await client.GetAsync("probe");

        var form = server.AuthServer.LastForm(AuthServerPaths.Introspection);
        var jwks = new JsonWebKeySet(server.Services.GetRequiredService<ClientKey>().PublicJwks());
        var result = await new JsonWebTokenHandler().ValidateTokenAsync(
            form["client_assertion"].ToString(),
            new TokenValidationParameters
            {
                IssuerSigningKeys = jwks.GetSigningKeys(),
                ValidIssuer = "scim",
                ValidAudience = server.AuthServer.Url,
                ValidTypes = ["client-authentication+jwt"],
                ValidAlgorithms = ["ES256"],
            });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Exception, Is.Null);
            Assert.That(result.Claims["sub"], Is.EqualTo("scim"));
            Assert.That(result.Claims["jti"], Is.Not.Empty);
            Assert.That(result.SecurityToken.ValidTo, Is.LessThan(time.GetUtcNow().UtcDateTime.AddMinutes(6)));
            Assert.That(
                form["client_assertion_type"].ToString(),
                Is.EqualTo("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
            Assert.That(form["token_type_hint"].ToString(), Is.EqualTo("access_token"));
        }
    }

    [Test]
    public void An_assertion_is_used_for_a_minute()
    {
        var assertion = server.Services.GetRequiredService<ClientAssertion>();
        var first = Jwt();
        time.Advance(TimeSpan.FromSeconds(59));
        var second = Jwt();
        time.Advance(TimeSpan.FromSeconds(1));
        var third = Jwt();
        Assert.That(second, Is.EqualTo(first));
        Assert.That(third, Is.Not.EqualTo(first));

        string Jwt() => assertion.Parameters().Single(field => field.Key == "client_assertion").Value;
    }

    [Test(Description = "RFC 7523 §3, point 7: the authorization server accepts it once")]
    public async Task Each_token_request_has_an_assertion_of_its_own()
    {
        var credentials = server.Services.GetRequiredService<ClientCredentials>();
        var assertions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            await credentials.GetToken(Scopes.ReadAccounts, default);
            assertions.Add(server.AuthServer.LastForm(AuthServerPaths.Token)["client_assertion"].ToString());
        }
        Assert.That(assertions, Is.Unique);
    }
}
