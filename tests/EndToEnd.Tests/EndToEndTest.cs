using Microsoft.Playwright;
using NUnit.Framework.Interfaces;

// deploy/local.sh requires bash.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace EndToEnd.Tests;

/// <summary>
/// One system and one browser for all tests that only need a running product; each test creates its own account.
/// </summary>
[SetUpFixture]
internal sealed class Shared
{
    private static LocalSystem? system;
    private static IPlaywright? playwright;
    private static IBrowser? browser;

    public static LocalSystem System => system!;

    public static IBrowser Browser => browser!;

    [OneTimeSetUp]
    public async Task Start()
    {
        system = await LocalSystem.StartNew();
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium",
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        if (browser is not null)
            await browser.DisposeAsync();
        playwright?.Dispose();
        if (system is not null)
            await system.DisposeAsync();
    }
}

/// <summary>
/// What the tests share: the running system, browsers, and screenshots of the pages on which a test failed.
/// </summary>
internal abstract class EndToEndTest
{
    private readonly List<IBrowserContext> contexts = [];

    protected static LocalSystem Local => Shared.System;

    /// <summary>A browser without cookies.</summary>
    protected async Task<Portal> OpenBrowser(LocalSystem? system = null, BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.IgnoreHTTPSErrors = true;
        var context = await Shared.Browser.NewContextAsync(options);
        // Build machines can be busy.
        context.SetDefaultTimeout(60_000);
        contexts.Add(context);
        return new(system ?? Local, context, await context.NewPageAsync());
    }

    /// <summary>A browser in which the customer's administrator is signed in.</summary>
    protected async Task<Portal> SignIn(Customer customer)
    {
        var portal = await OpenBrowser(customer.System);
        await portal.SignIn(customer.Email, customer.Password);
        return portal;
    }

    [TearDown]
    public async Task CloseBrowsers()
    {
        var failed = TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed;
        foreach (var page in failed ? contexts.SelectMany(context => context.Pages) : [])
        {
            var picture = Path.Combine(
                TestContext.CurrentContext.WorkDirectory, $"{TestContext.CurrentContext.Test.ID}.png");
            await page.ScreenshotAsync(new() { Path = picture, FullPage = true });
            TestContext.Out.WriteLine($"{page.Url}: {picture}");
            TestContext.AddTestAttachment(picture, page.Url);
        }

        foreach (var context in contexts)
            await context.DisposeAsync();
        contexts.Clear();
    }
}
