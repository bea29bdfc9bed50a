using Auth.Server.Accounts;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

public sealed class OverviewTests
{
    [Test]
    public async Task The_overview_shows_the_account_and_its_current_credentials()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount("Acme");
        await server.CreateAdministrator(account);
        using var browser = await Browser.SignedIn(server);
        Assert.That((await browser.Open("/")).Text, Does.Contain("There are no active credentials."));

        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        var page = await browser.Open("/");

        Assert.That(page.Headings[0], Is.EqualTo("Acme"));
        Assert.That(page.Text, Does.Contain("OAuth 2.0 Flow")
            .And.Contain(issued.Set.ClientId!)
            .And.Contain($"ends in {issued.ClientSecret![^4..]}")
            .And.Contain("by a test")
            .And.Contain("100 of portal"));
        Assert.That(page.Html, Does.Not.Contain(issued.ClientSecret));
    }

    [Test]
    public async Task It_names_support_where_SCIM_is_not_enabled()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount("Acme", new AccountChange()));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open("/");

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Text, Does.Contain("SCIM provisioning is not enabled for Acme"));
        Assert.That(page.Document.QuerySelector("main a[href='mailto:support@scileads.com']"), Is.Not.Null);
    }
}
