namespace Scim.Api.Tests.Users.Walks;

/// <summary>Two nodes on the same database, between which the requests of a walk may alternate.</summary>
internal abstract class TwoNodes
{
    protected ScimServer One { get; private set; } = null!;

    protected ScimServer Two { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartNodes()
    {
        One = await ScimServer.Start();
        Two = await ScimServer.Start(authServer: One.AuthServer, folder: One.Folder);
    }

    [OneTimeTearDown]
    public async Task StopNodes()
    {
        await Two.DisposeAsync();
        await One.DisposeAsync();
    }
}
