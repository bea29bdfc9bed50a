namespace Scim.Api.Tests.Tokens;

[Parallelizable]
internal sealed class AdmissionTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(map: Probe.Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task A_live_token_is_let_in()
    {
        using var client = server.ClientOf(new TestAccount());
        Assert.That(await client.GetStringAsync("probe"), Is.Not.Empty);
    }
}
