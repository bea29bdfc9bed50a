using System.Net;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// The setup guide's steps 3 and 4, taken by an administrator who knows only the guide: each click is on words of the
/// guide or of the provider's own form.
/// </summary>
internal sealed class GuideTests : EndToEndTest
{
    [Test]
    public async Task An_administrator_generates_an_API_token_and_Okta_tests_it()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        var page = portal.Page;

        await page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "SCIM Credentials" }).ClickAsync();
        foreach (var words in new[]
        {
            "Generate new SCIM service authentication credentials", "Choose Your Authentication Method",
            "Select the authentication method that best fits your SCIM provider's capabilities.",
            "Important Security Information", "The client secret will be shown only once after generation",
            "Store the credentials securely in your application configuration",
            "You can only have one active set of credentials per account",
            "These credentials provide full access to your SCIM service endpoints",
            "Pre-generated JWT bearer token for direct API authentication.",
            "Perfect for providers that don't support OAuth flows.", "Choose JWT Token", "What happens next?",
            "JWT Token Generated", "Copy Token", "Add as Bearer token in SCIM provider settings",
        })
            await Assertions.Expect(page.GetByRole(AriaRole.Main)).ToContainTextAsync(words);
        await page.GetByText("Direct JWT Token", new() { Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate Credentials" }).ClickAsync();

        await Assertions.Expect(page.GetByRole(AriaRole.Main)).ToContainTextAsync("The API token is displayed only once.");
        Assert.That(await portal.ValueOf("SCIM Base URL"), Is.EqualTo(Local.ScimBaseUrl));
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy API Token" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Copied")).ToBeVisibleAsync();
        using var okta = Local.Scim(await portal.ValueOf("API Token"));
        // Test API Credentials.
        Assert.That((await okta.Test()).Status, Is.EqualTo(HttpStatusCode.OK));

        // The page that still shows the token turns green by itself.
        await Assertions.Expect(page.Locator("#progress [data-say]")).ToHaveTextAsync(
            new System.Text.RegularExpressions.Regex("^Connected: "), new() { Timeout = 60_000 });
    }

    [Test]
    public async Task An_administrator_connects_Entra_ID_with_client_credentials()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        var page = portal.Page;

        await page.GetByRole(AriaRole.Link, new() { Name = "Connect" }).First.ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Microsoft Entra ID" }).ClickAsync();
        await page.GetByLabel("Client credentials").CheckAsync();
        await page.GetByLabel("The client secret expires after").SelectOptionAsync("730");
        await page.GetByRole(AriaRole.Button, new() { Name = "Generate Credentials" }).ClickAsync();

        var labels = await page.Locator("section[aria-labelledby=values] label").AllInnerTextsAsync();
        Assert.That(labels, Is.EqualTo(new[] { "Tenant URL", "Token endpoint", "Client identifier", "Client secret" }));
        Assert.That(await portal.ValueOf("Tenant URL"), Is.EqualTo(Local.ScimBaseUrl));
        Assert.That(await portal.ValueOf("Token endpoint"), Is.EqualTo($"{Local.AuthUrl}/connect/token"));
        var client = new OAuthClient(
            Local, await portal.ValueOf("Client identifier"), await portal.ValueOf("Client secret")) { SecretInBody = true };
        var headline = page.Locator("#progress [data-say]");
        await Assertions.Expect(headline).ToHaveTextAsync("Waiting for Microsoft Entra ID…");
        var token = (string)(await client.ClientCredentials())["access_token"]!;
        using var entra = Local.Scim($"Bearer {token}");
        // Test Connection: Entra ID looks for a user who does not exist.
        var answer = await entra.Find(Guid.NewGuid().ToString());
        Assert.That((answer.Status, (int?)answer["totalResults"]), Is.EqualTo((HttpStatusCode.OK, (int?)0)));

        await Assertions.Expect(headline).ToHaveTextAsync(
            "Connected: Microsoft Entra ID uses these credentials.", new() { Timeout = 60_000 });
    }
}
