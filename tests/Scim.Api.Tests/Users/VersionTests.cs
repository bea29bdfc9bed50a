using System.Net;

namespace Scim.Api.Tests.Users;

/// <summary>Entity tags (RFC 7644 §3.14).</summary>
[Parallelizable]
internal sealed class VersionTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("W/\"1\"", 304)]
    [TestCase("\"1\"", 304, Description = "compared weakly")]
    [TestCase("W/\"0\", W/\"1\"", 304)]
    [TestCase("*", 304)]
    [TestCase("W/\"2\"", 200)]
    public async Task A_known_version_is_not_sent_again(string ifNoneMatch, int status)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var answer = await client.Get($"Users/{id}", ("If-None-Match", ifNoneMatch));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)answer.Status, Is.EqualTo(status));
            Assert.That(answer.Json is null, Is.EqualTo(status == 304));
            Assert.That(answer.Message.Headers.ETag?.ToString(), Is.EqualTo("W/\"1\""));
        }
    }

    [TestCase("W/\"1\"", 200)]
    [TestCase("\"1\"", 200)]
    [TestCase("*", 200)]
    [TestCase("W/\"2\"", 412)]
    [TestCase("nonsense", 412)]
    public async Task A_write_only_applies_to_the_version_it_names(string ifMatch, int status)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var answer = await client.Patch(
            $"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""", ("If-Match", ifMatch));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)answer.Status, Is.EqualTo(status), answer.ToString());
            Assert.That((string?)(await client.Get($"Users/{id}"))["title"], Is.EqualTo(status == 200 ? "Dr" : null));
        }
    }

    [Test]
    public async Task One_of_several_writes_with_the_same_version_succeeds()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => client.Patch(
            $"Users/{id}", $$"""{"op":"replace","path":"title","value":"{{i}}"}""", ("If-Match", "W/\"1\""))));
        Assert.That(answers.Count(a => a.Status == HttpStatusCode.OK), Is.EqualTo(1));
        Assert.That(answers.Count(a => a.Status == HttpStatusCode.PreconditionFailed), Is.EqualTo(9));
    }

    [Test]
    public async Task A_stale_version_is_not_deleted()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var stale = await client.Send("DELETE", $"Users/{id}", headers: ("If-Match", "W/\"9\""));
        Assert.That(stale.Status, Is.EqualTo(HttpStatusCode.PreconditionFailed));
        Assert.That((await client.Get($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.OK));
    }
}
