using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;

namespace Auth.Server.Tests.Pages.Settings;

public sealed class ManagementClientsTests
{
    private const string Path = "/settings/management-clients";

    [Test]
    public async Task An_administrator_adds_and_removes_a_client_of_the_own_account()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        using var keys = await ResourceServer.Register(server);
        using var ada = await Browser.SignedIn(server);

        var added = await ada.Follow(await ada.Submit(
            await ada.Open(Path), "Add client", ("name", "Rotation"), ("jwks", keys.Jwks)));
        Assert.That(added.Text, Does.Contain("Rotation can now call the management API").And.Contain("Read and rotate"));
        Assert.That(added.Text, Does.Contain("by ada@example.com"));

        var removed = await ada.Follow(await ada.Submit(added, "Remove Rotation"));
        Assert.That(removed.Text, Does.Contain("was removed").And.Contain("There are no clients."));
    }

    [Test]
    public async Task Clients_of_other_accounts_are_neither_shown_nor_removed()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var everywhere = await ManagementCaller.Register(server, name: "Everywhere");
        using var own = await ManagementCaller.Register(server, account, name: "Own");
        using var ada = await Browser.SignedIn(server);

        var page = await ada.Open(Path);
        var refused = await ada.Submit(page, "Remove Own", ("clientId", everywhere.ClientId));

        Assert.That(page.Text, Does.Contain("Own").And.Not.Contain("Everywhere"));
        Assert.That(refused.Status, Is.EqualTo(404));
        using var still = await everywhere.Get(ManagementCaller.SetsOf(account));
        Assert.That((int)still.StatusCode, Is.EqualTo(200));
    }

    [Test]
    public async Task An_invalid_key_is_reported_on_the_page()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        using var ada = await Browser.SignedIn(server);

        var refused = await ada.Submit(await ada.Open(Path), "Add client", ("name", "Rotation"), ("jwks", "nonsense"));

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("not a JWK set"));
        Assert.That(refused.Field("Name"), Is.EqualTo("Rotation"));
    }

    [Test]
    public async Task Ten_minutes_after_the_sign_in_the_password_is_required_again()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        using var ada = await Browser.SignedIn(server);
        server.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.That((await ada.Open(Path)).Location, Does.StartWith("/security/confirm"));
    }
}
