using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Auth.Server.Tests;

/// <summary>What anybody may ask of a server that has just started.</summary>
public sealed class StartTests
{
    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [TestCase("/.well-known/oauth-authorization-server")]
    [TestCase("/.well-known/jwks")]
    public async Task A_new_server_answers(string path)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public void A_missing_setting_is_said_in_a_sentence() => Assert.That(
        () => Program.Build(["--ConnectionStrings:Auth=Data Source=auth.db"]),
        Throws.TypeOf<ValidationException>().With.Message.EqualTo("Auth:DataDirectory is not set."));
}
