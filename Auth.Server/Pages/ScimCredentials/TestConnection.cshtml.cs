using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Provisioning;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>Tests the connection as an identity provider would use it, and shows each request and response.</summary>
internal sealed class TestConnectionModel(
    ConnectionTests tests, AccountRegister accounts, CredentialHistory history) : PortalPage
{
    public const string Path = "/scim-credentials/test";

    public Account Account { get; private set; } = null!;

    /// <summary>The credentials that are tested; null if there are none.</summary>
    public CredentialSet? Set { get; private set; }

    /// <summary>The steps of a test that was just run; null if none was.</summary>
    public IReadOnlyList<ConnectionTestStep>? Steps { get; private set; }

    public bool Passed => Steps!.All(step => step.Passed);

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task OnPost(CancellationToken cancellation)
    {
        Steps = await tests.Run(Administrator.AccountId, Actor);
        await Load(cancellation);
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        Account = await accounts.Get(Administrator.AccountId, cancellation);
        Set = await history.FindActive(Administrator.AccountId, cancellation);
    }
}
