using System.Net;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>Refused token exchanges. For permitted ones, see <see cref="TokenExchangeTests"/>.</summary>
[Category("Slow")]
internal sealed class TokenExchangeChecks
{
    [Test]
    [Category("Check 42")]
    public async Task A_revoked_token_is_not_exchanged()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var token = (await client.Tokens()).AccessToken;
        using var revoked = await client.Post("connect/revoke", ("token", token));

        await RequireRefused(client, token);
    }

    [Test]
    [Category("Check 42")]
    public async Task An_expired_token_is_not_exchanged()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var token = await client.ClientCredentialsToken();
        server.Time.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));

        await RequireRefused(client, token);
    }

    [Test]
    [Category("Check 42")]
    public async Task A_token_of_another_issuer_is_not_exchanged()
    {
        await using var server = await AuthServer.Start();
        await using var foreign = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var theirs = (await foreign.Generate(await foreign.CreateAccount())).Token!;

        await RequireRefused(client, theirs);
    }

    private static async Task RequireRefused(AllowedClient client, string token)
    {
        using var response = await client.Post(
            AuthServerPaths.Token, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", token), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
    }
}
