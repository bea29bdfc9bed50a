using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// People browse the management API without anything from elsewhere, under the portal's own content security policy.
/// </summary>
internal sealed class ManagementDocsTests : EndToEndTest
{
    [Test]
    public async Task The_page_draws_itself_and_asks_nobody_but_this_server()
    {
        var portal = await OpenBrowser();
        var asked = new List<string>();
        var faults = new List<string>();
        portal.Page.Request += (_, request) => asked.Add(request.Url);
        portal.Page.Console += (_, message) =>
        {
            if (message.Type == "error")
                faults.Add(message.Text);
        };

        await portal.Page.GotoAsync($"{Local.AuthUrl}/management/docs");
        await Assertions.Expect(portal.Page.GetByText("Idempotency-Key").First)
            .ToBeVisibleAsync(new() { Timeout = 30_000 });

        Assert.That(faults, Is.Empty);
        Assert.That(
            asked.Where(url => !url.StartsWith(Local.AuthUrl, StringComparison.Ordinal)
                && !url.StartsWith("data:", StringComparison.Ordinal)
                && !url.StartsWith("blob:", StringComparison.Ordinal)),
            Is.Empty);
    }
}
