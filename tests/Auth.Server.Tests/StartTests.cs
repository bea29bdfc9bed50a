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

    [TestCase("/.well-known/oauth-authorization-server")]
    [TestCase("/scim-credentials", Description = "Redirects to the sign-in.")]
    public async Task No_address_is_made_of_the_host_that_a_request_names(string path)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Host = "evil.example";
        request.Headers.Add("X-Forwarded-Host", "evil.example");
        using var response = await client.SendAsync(request);
        var said = $"{response.Headers.Location} {await response.Content.ReadAsStringAsync()}";
        Assert.That(said, Does.Contain($"{AuthServer.PublicUrl}").And.Not.Contain("evil"));
    }

    [TestCase("TRACE", "/")]
    [TestCase("TRACE", "/settings/user-management")]
    [TestCase("DELETE", "/sign-in")]
    public async Task A_page_is_read_and_its_forms_are_sent_and_that_is_all(string method, string path)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var response = await client.SendAsync(new(new(method), new Uri(path, UriKind.Relative)));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(response.Headers.Contains("Server"), Is.False);
    }

    [Test]
    public void A_missing_setting_is_said_in_a_sentence() => Assert.That(
        () => Program.Build(["--ConnectionStrings:Auth=Data Source=auth.db"]),
        Throws.TypeOf<ValidationException>().With.Message.EqualTo("Auth:DataDirectory is not set."));
}
