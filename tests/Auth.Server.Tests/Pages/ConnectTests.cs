using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary><i>Connect</i>: credentials for an identity provider, in the terms of its own form.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ConnectTests
{
    private const string Address = "/scim-credentials/connect";
    private const string Button = "Generate Credentials";
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private Account account = null!;
    private Browser browser = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        browser = await Browser.SignedIn(server);
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task The_first_step_asks_for_the_identity_provider()
    {
        var page = await browser.Open(Address);

        Assert.That(page.Document.QuerySelectorAll("a.card").Select(card => card.GetAttribute("href")), Is.EqualTo(new[]
        {
            $"{Address}?provider=okta-token", $"{Address}?provider=okta", $"{Address}?provider=entra",
            "/scim-credentials/generate",
        }));
    }

    [TestCase("okta-token", "direct_jwt", "Base URL, API Token")]
    [TestCase("okta", "oauth2", "Base URL, Client ID, Client secret, Authorize endpoint, Token endpoint")]
    [TestCase("entra", "oauth2", "Tenant URL, Token endpoint, Client identifier, Client secret")]
    [TestCase("entra", "direct_jwt", "Tenant URL, Secret Token")]
    public async Task The_values_have_the_order_and_labels_of_the_providers_form_and_work(
        string provider, string method, string labels)
    {
        (string, string)[] fields = [("Method", method), ("OktaApp", provider == "okta" ? "scileads_1" : "")];

        var issued = await browser.Submit(await browser.Open($"{Address}?provider={provider}"), Button, fields);

        Assert.That(issued.Status, Is.EqualTo(200), issued.Text);
        Assert.That(
            string.Join(", ", issued.Document.QuerySelectorAll(".copy label").Select(Page.TextOf)), Is.EqualTo(labels));
        Assert.That(issued.Field(labels.Split(", ")[0]), Is.EqualTo(AuthServer.ScimBaseUrl.ToString()));
        Assert.That(issued.Document.QuerySelectorAll("button[data-copy]").Length, Is.EqualTo(labels.Split(", ").Length));
        using var http = server.CreateClient();
        var set = (await server.FindActive(account))!;
        var token = method == CredentialMethods.DirectJwt
            ? issued.Field(labels.Split(", ")[1])
            : await http.ClientCredentialsToken(set.ClientId!, issued.Field("Client secret"));
        Assert.That((await scim.Introspect(token)).Active);
        Assert.That(set.Method, Is.EqualTo(method));
        Assert.That(
            (set.ExpiresAt - set.CreatedAt)?.TotalDays,
            provider == "okta" ? Is.Null : Is.EqualTo(365), "Microsoft's gallery requires one to three years");
    }

    [TestCase("okta", "Enter the Okta app name", "", "")]
    [TestCase("entra", "Choose when the secret expires", "SecretLifetimeDays", "")]
    [TestCase("entra", "Choose when the secret expires", "SecretLifetimeDays", "90")]
    [TestCase("okta-token", "Choose an identity provider and a method", "Method", "oauth2")]
    [TestCase("okta-token", "Choose an identity provider and a method", "provider", "nobody")]
    public async Task What_the_provider_could_not_use_is_not_generated(
        string provider, string says, string field, string value)
    {
        (string, string)[] wrong = field.Length == 0
            ? []
            : [("Method", provider == "entra" ? "oauth2" : "direct_jwt"), ("ClientCredentialsOnly", "true"), (field, value)];
        if (field == "Method")
            wrong = [(field, value), ("ClientCredentialsOnly", "true")];

        var refused = await browser.Submit(await browser.Open($"{Address}?provider={provider}"), Button, wrong);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(Page.TextOf(refused.Document.QuerySelector("#errors")!), Does.Contain(says));
        Assert.That(await server.FindActive(account), Is.Null);
    }

    [Test]
    public async Task The_values_can_be_downloaded_for_ten_minutes_and_nothing_is_generated_again()
    {
        var issued = await browser.Submit(await browser.Open($"{Address}?provider=okta-token"), Button);
        var token = issued.Field("API Token");

        var file = await browser.Submit(issued, "Download");
        Assert.That(file.Html, Is.EqualTo($"Base URL: {AuthServer.ScimBaseUrl}\r\nAPI Token: {token}\r\n"));
        Assert.That(file.Header("Cache-Control"), Does.Contain("no-store"));

        var set = (await server.FindActive(account))!;
        server.Time.Advance(TimeSpan.FromMinutes(9));
        await server.With(async (CredentialSets sets) =>
        {
            await sets.Revoke(account.Id, set.Id, "a test", CancellationToken.None);
            return true;
        });
        var late = await browser.Submit(issued, "Download");
        Assert.That(late.Status, Is.EqualTo(409));
        Assert.That(late.Text, Does.Contain("can be downloaded for ten minutes"));
        Assert.That(late.Html, Does.Not.Contain(token));
        Assert.That(await server.FindActive(account), Is.Null);
    }

    [Test]
    public async Task A_provider_that_obtains_a_token_but_makes_no_call_is_told_apart_from_one_that_does_nothing()
    {
        var issued = await browser.Submit(
            await browser.Open($"{Address}?provider=okta"), Button, ("OktaApp", "scileads_1"));
        var poll = issued.Document.GetElementById("progress")!.GetAttribute("hx-get")!;
        using var http = server.CreateClient();

        await http.ClientCredentialsToken(issued.Field("Client ID"), issued.Field("Client secret"));

        Assert.That(
            Page.TextOf((await browser.Open(poll)).Document.GetElementById("progress")!),
            Does.StartWith("Waiting for Okta…").And.Contain("Okta obtained an access token"));
    }

    [Test]
    public async Task The_page_waits_for_the_provider_and_shows_its_first_call()
    {
        var issued = await browser.Submit(await browser.Open($"{Address}?provider=okta-token"), Button);
        var progress = issued.Document.GetElementById("progress")!;
        Assert.That(Page.TextOf(progress), Does.StartWith("Waiting for Okta…"));
        var poll = progress.GetAttribute("hx-get")!;
        Assert.That((await browser.Open(poll)).Status, Is.EqualTo(204));

        server.Services.GetRequiredService<CredentialUses>().Used(
            (await server.FindActive(account))!.Id, "203.0.113.7", "Okta SCIM Client 1.0.0");
        await server.WriteUses();

        var block = (await browser.Open(poll)).Document.GetElementById("progress")!;
        Assert.That(Page.TextOf(block), Does.StartWith("Connected: Okta uses these credentials."));
        Assert.That(Page.TextOf(block), Does.Contain("from 203.0.113.7, Okta SCIM Client 1.0.0"));
        Assert.That(block.QuerySelector(".notice")!.ClassName, Is.EqualTo("notice good"));
        Assert.That(block.HasAttribute("hx-get"), Is.False);
    }
}
