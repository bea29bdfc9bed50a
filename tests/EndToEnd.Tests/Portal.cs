using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>The portal in a browser, as an administrator uses it.</summary>
internal sealed class Portal(LocalSystem system, IBrowserContext context, IPage page)
{
    /// <summary>The pages of the portal that need no parameter.</summary>
    public static IReadOnlyList<string> Pages { get; } =
    [
        "/", "/scim-credentials", "/scim-credentials/generate", "/scim-credentials/rotate", "/scim-credentials/check",
        "/scim-credentials/test", "/scim-credentials/history", "/scim-credentials/connect",
        "/scim-credentials/connect?provider=okta", "/scim-credentials/connect?provider=entra",
        "/settings/user-management", "/settings/user-management/why?email=jane@example.com",
        "/settings/provisioning-log", "/settings/administrators", "/settings/notices", "/settings/management-clients",
        "/settings/audit-log", "/security",
    ];

    public IPage Page => page;

    public async Task SignIn(string email, string password)
    {
        await page.GotoAsync($"{system.AuthUrl}/");
        await FillSignIn(email, password);
        await WaitFor("/");
    }

    /// <summary>
    /// Waits until the browser shows a page of the portal. <c>WaitForURLAsync</c> would also wait for an event of its
    /// loading, which never comes if the browser is already there.
    /// </summary>
    public Task WaitFor(string path) =>
        Assertions.Expect(page).ToHaveURLAsync($"{system.AuthUrl}{path}", new() { Timeout = 60_000 });

    /// <summary>Fills in the sign-in form to which the browser was redirected.</summary>
    public async Task FillSignIn(string email, string password)
    {
        await page.GetByLabel("E-mail address").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Another page of the same browser and session.</summary>
    public async Task<Portal> OpenAnother() => new(system, context, await context.NewPageAsync());

    public Task<IResponse?> Open(string path) => page.GotoAsync($"{system.AuthUrl}{path}");

    public async Task<string> GenerateToken()
    {
        await OpenForm("Choose JWT Token");
        await Generate.ClickAsync();
        return await ValueOf("API Token");
    }

    public async Task<OAuthClient> GenerateClient(params string[] redirectUris)
    {
        await OpenForm("Choose OAuth 2.0");
        if (redirectUris.Length > 0)
            await page.GetByLabel("Other redirect URIs").FillAsync(string.Join('\n', redirectUris));
        else
            await page.GetByLabel("Client credentials only").CheckAsync();
        await Generate.ClickAsync();
        return new(system, await ValueOf("Client ID"), await ValueOf("Client Secret"));
    }

    /// <summary>
    /// Opens the form that generates credentials, and chooses a method. The new credentials replace others now.
    /// </summary>
    public async Task OpenForm(string method)
    {
        await Open("/scim-credentials/generate");
        await page.GetByText(method).ClickAsync();
        if (await page.GetByLabel("Now").CountAsync() > 0)
            await page.GetByLabel("Now").CheckAsync();
    }

    public ILocator Generate => page.GetByRole(AriaRole.Button, new() { Name = "Generate Credentials" });

    /// <summary>A value that the page shows for copying.</summary>
    public Task<string> ValueOf(string label) =>
        page.GetByRole(AriaRole.Textbox, new() { Name = label, Exact = true }).InputValueAsync();

    /// <summary>Checks that the open page fits at every width, and has no accessibility violations.</summary>
    public async Task CheckFrame()
    {
        foreach (var width in new[] { 390, 1280, 1920 })
        {
            await page.SetViewportSizeAsync(width, 900);
            var excess = await page.EvaluateAsync<int>(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.That(excess, Is.Zero, $"{page.Url} at {width} px");
            if (width >= 1280)
            {
                var header = await page.EvaluateAsync<int>("document.querySelector('.bar').offsetHeight");
                Assert.That(header, Is.LessThan(65), $"the header of {page.Url} has one line at {width} px");
            }
            if (width == 1920)
                continue;
            var violations = (await page.RunAxe()).Violations
                .Select(one => $"{one.Id}: {string.Join(" | ", one.Nodes.Select(node => node.Html))}");
            Assert.That(violations, Is.Empty, $"{page.Url} at {width} px");
        }
    }
}
