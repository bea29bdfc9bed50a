using System.Net;
using Microsoft.Extensions.Options;

namespace Scim.Api.Tests;

[Parallelizable]
public sealed class StartTests
{
    [TestCase("AuthServer:Issuer=", "AuthServer__Issuer is not set")]
    [TestCase("AuthServer:Issuer=localhost:5001", "AuthServer__Issuer must be an absolute")]
    [TestCase("AuthServer:Url=", "AuthServer__Url is not set")]
    [TestCase("AuthServer:ClientKeyFile=", "AuthServer__ClientKeyFile is not set")]
    [TestCase("AuthServer:ClientKeyFile=/nowhere/key.pem", "AuthServer__ClientKeyFile /nowhere/key.pem cannot be read")]
    [TestCase("ConnectionStrings:Scim=", "ConnectionStrings__Scim is not set")]
    [TestCase("ConnectionStrings:Scim=Fiel=scim.db", "ConnectionStrings__Scim is no connection string of SQLite or PostgreSQL")]
    [TestCase("Scim:BaseUrl=", "Scim__BaseUrl is not set")]
    [TestCase("Scim:BaseUrl=/scim/v2", "Scim__BaseUrl must be an absolute")]
    [TestCase("Introspection:AttemptTimeout=00:00:59", "must not be longer than")]
    public void A_bad_setting_stops_the_start_with_a_sentence(string setting, string sentence) =>
        Assert.That(
            async () => await (await ScimServer.Start([setting])).DisposeAsync(),
            Throws.TypeOf<OptionsValidationException>().With.Property("Failures").Some.Contains(sentence));

    [Test]
    public async Task A_server_is_alive_and_ready_without_a_token()
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientWith(null);
        Assert.That((await client.GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Without_its_tables_a_server_is_alive_but_not_ready()
    {
        await using var server = await ScimServer.Start(["Scim:MigrateAtStart=false"]);
        using var client = server.ClientWith(null);
        Assert.That((await client.GetAsync("/health/live")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task The_server_does_not_say_what_it_is_made_of()
    {
        await using var server = await ScimServer.Start();
        using var client = server.ClientWith(null);
        using var response = await client.GetAsync("/scim/v2/nothing");
        Assert.That(response.Headers.Server, Is.Empty);
    }
}
