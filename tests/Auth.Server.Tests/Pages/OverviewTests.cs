using Auth.Server.Accounts;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

[Category("AnyDatabase")]
[Category("Slow")]
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

    [TestCase(91, null, null)]
    [TestCase(90, "warning", "in 90 days")]
    [TestCase(15, "warning", "in 15 days")]
    [TestCase(14, "error", "in 14 days")]
    [TestCase(1, "error", "within a day")]
    public async Task The_overview_and_the_credentials_page_warn_before_the_credentials_expire(
        int days, string? tone, string? when)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount("Acme");
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account);
        server.Time.Advance(issued.Set.ExpiresAt!.Value.AddDays(-days) - server.Time.GetUtcNow().UtcDateTime);
        using var browser = await Browser.SignedIn(server);

        foreach (var path in new[] { "/", "/scim-credentials" })
        {
            var notice = (await browser.Open(path)).Document.QuerySelectorAll(".notice")
                .FirstOrDefault(candidate => Page.TextOf(candidate).StartsWith("The current credentials expire"));
            Assert.That(notice?.ClassName, Is.EqualTo(tone is null ? null : $"notice {tone}"), path);
            Assert.That(
                notice is null ? null : Page.TextOf(notice),
                when is null ? Is.Null : Does.Contain($"expire {when}, on"));
        }
    }

    [Test]
    public async Task The_overview_names_support_if_SCIM_is_not_enabled()
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
