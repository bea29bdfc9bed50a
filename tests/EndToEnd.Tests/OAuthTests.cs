using System.Collections.Specialized;
using System.Net;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>OAuth 2.0 as Okta does it: consent in a browser, code, access and refresh token, SCIM.</summary>
internal sealed class OAuthTests : EndToEndTest
{
    private const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    [TestCase(false, null, TestName = "A_client_provisions_with_its_secret_in_the_header")]
    [TestCase(true, null, TestName = "A_client_provisions_with_its_secret_in_the_body")]
    [TestCase(false, Verifier, TestName = "A_client_provisions_with_PKCE")]
    public async Task A_client_provisions_after_consent(bool secretInBody, string? verifier)
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        using var callback = new Callback();
        var client = await portal.GenerateClient(callback.Uri) with { SecretInBody = secretInBody };

        var back = await Consent(portal, callback, client, verifier);
        var tokens = await client.Redeem(back["code"]!, callback.Uri, verifier);

        Assert.That(tokens.Status, Is.EqualTo(HttpStatusCode.OK), tokens.ToString());
        Assert.That((string?)tokens["token_type"], Is.EqualTo("Bearer"));
        await RequireProvisions(tokens, "ann@customer.example");
        var refreshed = await client.Refresh((string)tokens["refresh_token"]!);
        await RequireProvisions(refreshed, "bo@customer.example");
        await RequireProvisions(await client.ClientCredentials(), "cy@customer.example");
    }

    [Test]
    public async Task The_consent_page_requires_a_sign_in_and_names_the_account_and_what_is_granted()
    {
        var customer = await Customer.Open(Local);
        using var callback = new Callback();
        var client = await customer.GenerateClient(callback.Uri);
        var portal = await OpenBrowser();

        await portal.Page.GotoAsync(client.AuthorizeUrl(callback.Uri, "xyz"));
        await portal.FillSignIn(customer.Email, customer.Password);
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).WaitForAsync();

        var text = await portal.Page.InnerTextAsync("main");
        Assert.That(text, Does.Contain(customer.Name).And.Contains("Create").And.Contains("Deactivate"));
        var arrived = callback.Receive();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Deny" }).ClickAsync();
        var back = await arrived;
        Assert.That(back["error"], Is.EqualTo("access_denied"));
        Assert.That(back["state"], Is.EqualTo("xyz"));
    }

    [Test]
    public async Task An_unregistered_redirect_URI_is_refused_without_a_redirect()
    {
        var customer = await Customer.Open(Local);
        var client = await customer.GenerateClient("https://idp.example/callback");
        var portal = await SignIn(customer);

        var response = await portal.Page.GotoAsync(
            client.AuthorizeUrl("https://ct1-bootstrap.clouditude.example/", "xyz"));

        Assert.That(response!.Status, Is.EqualTo(400));
        Assert.That(portal.Page.Url, Does.StartWith(Local.AuthUrl));
    }

    [Test]
    public async Task A_wrong_secret_a_wrong_verifier_and_a_code_used_twice_are_refused()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        using var callback = new Callback();
        var client = await portal.GenerateClient(callback.Uri);

        var stranger = await (client with { ClientSecret = client.ClientSecret[..^1] + "_" }).ClientCredentials();
        Assert.That(stranger.Status, Is.EqualTo(HttpStatusCode.Unauthorized), stranger.ToString());
        Assert.That((string?)stranger["error"], Is.EqualTo("invalid_client"));

        var back = await Consent(portal, callback, client, Verifier);
        var unproven = await client.Redeem(
            back["code"]!, callback.Uri, "another-verifier-of-more-than-43-characters-0");
        Assert.That((string?)unproven["error"], Is.EqualTo("invalid_grant"), unproven.ToString());

        back = await Consent(portal, callback, client, null);
        await client.Redeem(back["code"]!, callback.Uri);
        var again = await client.Redeem(back["code"]!, callback.Uri);
        Assert.That((string?)again["error"], Is.EqualTo("invalid_grant"), again.ToString());
    }

    [Test]
    public async Task An_OAuth_token_requires_the_prefix_Bearer()
    {
        var client = await (await Customer.Open(Local)).GenerateClient();
        using var scim = Local.Scim((string)(await client.ClientCredentials())["access_token"]!);

        Assert.That((await scim.Test()).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    [Category("Check 45")]
    public async Task A_code_and_a_refresh_token_are_refused_as_access_tokens_however_often_they_are_sent()
    {
        var customer = await Customer.Open(Local);
        using var callback = new Callback();
        var portal = await SignIn(customer);
        var client = await portal.GenerateClient(callback.Uri);
        var tokens = await client.Redeem((await Consent(portal, callback, client, null))["code"]!, callback.Uri);
        var code = (await Consent(portal, callback, client, null))["code"]!;

        foreach (var strange in new[] { code, (string)tokens["refresh_token"]! })
        {
            using var scim = Local.Scim($"Bearer {strange}");
            // More than are needed to open a circuit breaker.
            for (var i = 0; i < 30; i++)
                Assert.That((await scim.Test()).Status, Is.EqualTo(HttpStatusCode.Unauthorized));
        }

        await RequireProvisions(tokens, "dee@customer.example");
        Assert.That(
            (await client.Redeem(code, callback.Uri)).Status, Is.EqualTo(HttpStatusCode.OK), "it was not consumed");
    }

    [Test]
    public async Task Try_oauth_plays_Okta_to_the_end()
    {
        await using var system = await LocalSystem.StartNew();
        var portal = await OpenBrowser(system);
        using var script = Script.Start(Script.TryOAuthSh, "--data", system.Data, "--yes", "--no-browser");
        var address = await Script.ReadUntil(script, line => line.StartsWith("http", StringComparison.Ordinal));

        await portal.Page.GotoAsync(address);
        await portal.FillSignIn(system["ADMIN_EMAIL"], system["ADMIN_PASSWORD"]);
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();

        var output = await script.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(1));
        await script.WaitForExitAsync();
        Assert.That(script.ExitCode, Is.Zero, await script.StandardError.ReadToEndAsync());
        Assert.That(output, Does.Contain("All steps worked").And.Contains("3 users"));

        // The script replaced the first token of the demo.
        await system.Restart();
        Assert.That(system["SCIM_TOKEN"], Is.Empty);
        Assert.That(system.Output, Does.Contain("SCIM_TOKEN is empty"));
    }

    private static async Task<NameValueCollection> Consent(
        Portal portal, Callback callback, OAuthClient client, string? verifier)
    {
        await portal.Page.GotoAsync(client.AuthorizeUrl(callback.Uri, "some state", verifier));
        var arrived = callback.Receive();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        var back = await arrived;
        Assert.That(back["state"], Is.EqualTo("some state"));
        Assert.That(back["iss"], Is.EqualTo($"{Local.AuthUrl}/"));
        return back;
    }

    private static async Task RequireProvisions(Answer tokens, string userName)
    {
        Assert.That(tokens.Status, Is.EqualTo(HttpStatusCode.OK), tokens.ToString());
        using var scim = Local.Scim($"Bearer {tokens["access_token"]}");
        var created = await scim.Create(userName);
        Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created), created.ToString());
    }
}
