using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// Takes a screenshot of every page in every state that changes it, wide and narrow, light and dark:
/// <c>tests/screenshots.sh</c>. A page that answers with an error fails the test, and so does one that does not fit, has
/// accessibility violations, or an error in the browser's console, such as a breach of the Content-Security-Policy.
/// </summary>
[Category("Nightly")]
internal sealed class ScreenshotTests : EndToEndTest
{
    private static readonly string folder =
        Environment.GetEnvironmentVariable("SCREENSHOTS") ?? Directory.CreateTempSubdirectory("screenshots-").FullName;

    private static readonly (string Name, int Width, int Height)[] sizes = [("wide", 1280, 800), ("narrow", 390, 844)];

    private static readonly string[] ownPages =
        ["/security/password", "/security/passkeys", "/security/authenticator", "/security/recovery-codes"];

    private static readonly string[] givenNames =
        ["Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hiroshi", "Ines", "Jane"];

    private static readonly string[] familyNames = ["Okafor", "Silva", "Ferrari", "Lindqvist"];

    private readonly List<string> errors = [];

    [Test]
    public async Task Every_page_in_every_state()
    {
        await SignedOut();
        await Show("empty", await Customer.Open(Local, name: "Fabrikam"));
        await Show("in-use", await InUse());
        await Show("full", await Full());
        await Show("revoked", await Revoked());
        await Show("suspended", await Suspended());
        await Show("extreme", await Extreme.Open(Local));
        await Operator();
        TestContext.Out.WriteLine(folder);
        Assert.That(errors, Is.Empty);
    }

    /// <summary>Forty people, one of whom was refused, and a rotation that has begun.</summary>
    private static async Task<Customer> InUse()
    {
        var customer = await Customer.Open(Local, name: "Northwind");
        await Local.Auth(
            "accounts", "update", "--account", customer.AccountId, "--domains", "northwind.example", "--licence",
            "portal=50");
        using var scim = Local.Scim(await customer.GenerateToken());
        foreach (var family in familyNames)
        {
            foreach (var given in givenNames)
                await Create(scim, given, family, "northwind.example");
        }
        foreach (var email in new[] { "bruno.silva@northwind.example", "greta.okafor@northwind.example" })
        {
            var found = await scim.Find(email);
            await scim.Patch((string)found["Resources"]![0]!["id"]!, "active", JsonValue.Create(false));
        }
        await Create(scim, "Jane", "Porter", "contractor.example");
        await Local.Auth(
            "credentials", "stage", "--account", customer.AccountId, "--method", "oauth2", "--okta-app", "northwind_scim_1");
        return customer;
    }

    /// <summary>Three seats, all in use, and a fourth person.</summary>
    private static async Task<Customer> Full()
    {
        var customer = await Customer.Open(Local, name: "Tailspin");
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--licence", "portal=3");
        using var scim = Local.Scim(await customer.GenerateToken());
        foreach (var given in givenNames[..4])
            await Create(scim, given, "Okafor", "tailspin.example");
        return customer;
    }

    private static async Task<Customer> Revoked()
    {
        var customer = await Customer.Open(Local, name: "Contoso");
        using var scim = Local.Scim(await customer.GenerateToken());
        await Create(scim, "Jane", "Okafor", "contoso.example");
        await Local.Auth("credentials", "revoke", "--account", customer.AccountId);
        await scim.Test();
        return customer;
    }

    private static async Task<Customer> Suspended()
    {
        var customer = await Customer.Open(Local, name: "Litware");
        await customer.GenerateToken();
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--suspended", "on");
        return customer;
    }

    private static Task<Answer> Create(ScimClient scim, string given, string family, string domain)
    {
        var user = ScimClient.NewUser($"{given}.{family}@{domain}".ToLowerInvariant());
        user["name"] = new JsonObject { ["givenName"] = given, ["familyName"] = family };
        user["displayName"] = $"{given} {family}";
        return scim.Send(HttpMethod.Post, "Users", user);
    }

    private async Task SignedOut()
    {
        var portal = await OpenBrowser();
        await portal.Open("/sign-in");
        await portal.FillSignIn("nobody@northwind.example", "not the password");
        await portal.Page.Locator("#errors").WaitForAsync();
        await Take("signed-out", portal, "refused");
        // The page for a forgotten password needs a mail server.
        await using var system = await LocalSystem.StartNew(new LocalSystem
        {
            Settings = ["Smtp__Host=mail.northwind.example", "Smtp__From=scileads@northwind.example"],
        });
        portal = await OpenBrowser(system);
        Watch(portal);
        foreach (var path in new[] { "/sign-in", "/forgotten-password", "/operator/sign-in" })
            await Take("signed-out", portal, path);
    }

    private async Task Show(string state, Customer customer)
    {
        var portal = await SignIn(customer);
        Watch(portal);
        foreach (var path in Portal.Pages.Concat(ownPages))
            await Take(state, portal, path);
        await portal.Open("/settings/user-management");
        var user = portal.Page.Locator("tbody a").First;
        if (await user.CountAsync() > 0)
            await Take(state, portal, (await user.GetAttributeAsync("href"))!, "user");
    }

    private async Task Operator()
    {
        var email = $"olga@{Guid.NewGuid():N}.example";
        var link = (string)(await Local.Auth("operators", "create", "--email", email))["link"]!;
        var console = await OpenBrowser();
        Watch(console);
        var page = console.Page;
        await VirtualDevice.PlugInto(page);
        await page.GotoAsync(link);
        await Take("operator", console, "invitation");
        await page.GetByLabel("New password").FillAsync("another horse, another battery");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set password" }).ClickAsync();
        await console.FillSignIn(email, "another horse, another battery");
        await Take("operator", console, "second-factor");
        await page.GetByRole(AriaRole.Link, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "I have stored them safely" }).ClickAsync();
        await console.WaitFor("/operator");
        await Take("operator", console, "/operator");
        var account = await page.Locator("tbody a").First.GetAttributeAsync("href");
        await Take("operator", console, account!, "account");
        await Take("operator", console, "/operator/nodes-and-keys");
        await Take("operator", console, "/operator/security");
    }

    private void Watch(Portal portal)
    {
        portal.Page.Console += (_, message) =>
        {
            if (message.Type == "error")
                errors.Add($"{portal.Page.Url}: {message.Text}");
        };
    }

    /// <summary>Takes screenshots of a page, or of the one that is open if it is named without a slash.</summary>
    private async Task Take(string state, Portal portal, string path, string? name = null)
    {
        if (path[0] == '/' && (await portal.Open(path))!.Status != 200)
            errors.Add($"{state}: {path} answered with an error.");
        await portal.CheckFrame();
        name ??= path == "/" ? "overview" : string.Join('-', path.Split('/', '?', '=', '@').Where(part => part != ""));
        foreach (var (size, width, height) in sizes)
        {
            await portal.Page.SetViewportSizeAsync(width, height);
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await portal.Page.EmulateMediaAsync(new() { ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce });
                await portal.Page.ScreenshotAsync(new()
                {
                    FullPage = true,
                    Path = Path.Combine(folder, state, $"{name}.{size}.{scheme}.png".ToLowerInvariant()),
                });
            }
        }
    }
}
