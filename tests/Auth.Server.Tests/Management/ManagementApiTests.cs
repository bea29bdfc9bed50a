using System.Net;
using System.Net.Http.Headers;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

public sealed class ManagementApiTests
{
    [Test]
    public async Task A_resource_server_reads_an_account_with_its_own_token()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount("Acme");
        using var granted = await scim.Post(
            AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.ReadAccounts));
        var token = (await granted.Json()).GetProperty("access_token").GetString()!;

        using var known = await Get(server, account.Id, token);
        using var unknown = await Get(server, Guid.NewGuid(), token);

        Assert.That((await known.Json()).GetProperty("name").GetString(), Is.EqualTo("Acme"));
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(unknown.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
    }

    [Test]
    public async Task A_token_for_SCIM_is_refused()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var token = (await server.Generate(account)).Token!;

        using var withScimToken = await Get(server, account.Id, token);
        using var withNone = await Get(server, account.Id, null);

        Assert.That(withScimToken.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(withNone.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private static async Task<HttpResponseMessage> Get(AuthServer server, Guid account, string? token)
    {
        using var http = server.CreateClient();
        http.DefaultRequestHeaders.Authorization = token is null
            ? null
            : new AuthenticationHeaderValue("Bearer", token);
        return await http.GetAsync(new Uri($"{AuthServerPaths.Accounts}/{account}", UriKind.Relative));
    }
}
