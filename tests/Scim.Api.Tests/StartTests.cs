using System.Net;
using Microsoft.Extensions.Options;

namespace Scim.Api.Tests;

[Parallelizable]
[Category("AnyDatabase")]
public sealed class StartTests
{
    [TestCase("AuthServer:Issuer=", "AuthServer__Issuer is not set")]
    [TestCase("AuthServer:Issuer=localhost:5001", "AuthServer__Issuer must be an absolute")]
    [TestCase("AuthServer:Url=", "AuthServer__Url is not set")]
    [TestCase("AuthServer:ClientKeyFile=", "AuthServer__ClientKeyFile is not set")]
    [TestCase("AuthServer:ClientKeyFile=/nowhere/key.pem", "AuthServer__ClientKeyFile /nowhere/key.pem cannot be read")]
    [TestCase("ConnectionStrings:Scim=", "ConnectionStrings__Scim is not set")]
    [TestCase("ConnectionStrings:Scim=Fiel=scim.db", "ConnectionStrings__Scim is not a valid connection string for SQLite or PostgreSQL")]
    [TestCase("Scim:BaseUrl=", "Scim__BaseUrl is not set")]
    [TestCase("Scim:BaseUrl=/scim/v2", "Scim__BaseUrl must be an absolute")]
    [TestCase("Scim:BaseUrl=https://iam.example.com", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://iam.example.com/scim", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://iam.example.com/scim/v2/Users", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://iam.example.com/SCIM/V2", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://iam.example.com/scim/v2?x=1", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://iam.example.com/scim/v2#x", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=https://user@iam.example.com/scim/v2", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=ftp://iam.example.com/scim/v2", "address that ends in /scim/v2")]
    [TestCase("Scim:BaseUrl=http://iam.example.com/scim/v2", "Scim__BaseUrl must begin with https://")]
    [TestCase("AuthServer:Issuer=http://iam.example.com", "AuthServer__Issuer must begin with https://")]
    [TestCase("Scim:KnownProxies:0=proxy", "Scim__KnownProxies contains proxy, which is not a valid IP address")]
    [TestCase("Scim:KnownProxies:0=0.0.0.0", "which means every address")]
    [TestCase("Introspection:AttemptTimeout=00:00:59", "must not be longer than")]
    public void An_invalid_setting_prevents_the_start_with_a_sentence(string setting, string sentence) =>
        Assert.That(
            async () => await (await ScimServer.Start([setting])).DisposeAsync(),
            Throws.TypeOf<OptionsValidationException>().With.Property("Failures").Some.Contains(sentence));

    [TestCase("https://iam.example.com/scim/v2/")]
    [TestCase("https://example.com/identity/scim/v2")]
    public async Task A_proxy_may_add_a_path_prefix(string baseUrl) =>
        await (await ScimServer.Start([$"Scim:BaseUrl={baseUrl}"])).DisposeAsync();

    [Test]
    public async Task A_server_is_alive_and_ready_without_a_token()
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientWith(null);
        Assert.That((await client.GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_server_without_tables_is_alive_but_not_ready()
    {
        await using var server = await ScimServer.Start(["Scim:MigrateAtStart=false"]);
        using var client = server.ClientWith(null);
        Assert.That((await client.GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task The_server_does_not_reveal_its_software()
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientWith(null);
        using var response = await client.GetAsync("/scim/v2/nothing");
        Assert.That(response.Headers.Server, Is.Empty);
    }

    [TestCase("http://localhost:5002/scim/v2", false)]
    [TestCase("https://iam.example.com/scim/v2", true)]
    public async Task No_response_is_cached_or_treated_as_a_page(string baseUrl, bool isPublic)
    {
        await using var server = await ScimServer.Start([$"Scim:BaseUrl={baseUrl}"]);
        using var client = server.ClientOf(new TestAccount());
        using var stranger = server.ClientWith(null);

        foreach (var response in new[]
        {
            await client.GetAsync("Users"), await client.GetAsync("Users/nobody"), await client.GetAsync(
                "ServiceProviderConfig"),
            await stranger.GetAsync("/scim/v2/Users"), await stranger.GetAsync("/portal/users"),
        })
        {
            using (response)
            {
                Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
                Assert.That(response.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(new[] { "nosniff" }));
                Assert.That(response.Headers.Contains("Strict-Transport-Security"), Is.EqualTo(isPublic));
            }
        }
    }

    [TestCase("client-key.pem")]
    [TestCase("scim.db")]
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_private_file_that_others_can_read_prevents_the_start(string name)
    {
        if (SciLeads.Tests.TestPostgres.IsWanted && name == "scim.db")
            Assert.Pass("PostgreSQL guards its files itself.");
        await using var server = await ScimServer.Start();
        var file = Path.Combine(server.Folder, name);
        var mode = File.GetUnixFileMode(file);
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite), "as the server creates it");
        await server.Stop();

        File.SetUnixFileMode(file, mode | UnixFileMode.OtherRead);

        Assert.That(
            async () => await ScimServer.Start(folder: server.Folder, authServer: server.AuthServer),
            Throws.Exception.With.Message.Contains($"chmod 600 {file}"));
    }
}
