using System.Net;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>Refused uses of a refresh token. For permitted ones, see <see cref="RefreshTokenTests"/>.</summary>
[Category("Slow")]
internal sealed class RefreshChecks
{
    [Test]
    [Category("Check 33")]
    public async Task A_refresh_token_is_bound_to_its_client()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        using var http = server.CreateClient();
        var tokens = await client.Tokens();
        var other = await server.Generate(
            await server.CreateAccount("other"), CredentialMethods.OAuth2, AllowedClient.RedirectUri);

        using var stolen = await http.RequestToken(
            other.Set.ClientId, other.ClientSecret,
            ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken!));

        Assert.That(stolen.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await stolen.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        Assert.That((await client.Refresh(tokens.RefreshToken!)).AccessToken, Is.Not.Empty, "it was not redeemed");
    }

    [TestCase("accounts.read")]
    [TestCase("scim accounts.read")]
    [TestCase("scim portal")]
    [Category("Check 34")]
    public async Task A_refresh_cannot_widen_access(string scope)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();

        using var wider = await client.Post(
            AuthServerPaths.Token,
            ("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken!), ("scope", scope));

        Assert.That(wider.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            (await client.Refresh(tokens.RefreshToken!)).Scope ?? "scim",
            Does.Not.Contain("accounts").And.Not.Contain("portal"));
    }

    [Test]
    [Category("Check 36")]
    public async Task No_refresh_works_after_the_end_of_the_set()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server, lifetime: TimeSpan.FromHours(2));
        var tokens = await client.Tokens();
        for (var hours = 0.5; hours < 2; hours += 0.5)
        {
            server.Time.Advance(TimeSpan.FromMinutes(30));
            tokens = await client.Refresh(tokens.RefreshToken!);
        }

        Assert.That((await scim.Introspect(tokens.AccessToken)).ExpiresIn, Is.AtMost(1800));
        server.Time.Advance(TimeSpan.FromMinutes(30));
        using var refused = await client.TryRefresh(tokens.RefreshToken!);
        Assert.That((int)refused.StatusCode, Is.InRange(400, 401));
        Assert.That((await scim.Introspect(tokens.AccessToken)).Active, Is.False);
    }
}
