using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>The documentation page of the management API works under the portal's content security policy.</summary>
internal sealed class ManagementDocsTests : EndToEndTest
{
    [Test]
    public async Task The_page_is_rendered_and_loads_nothing_from_other_servers()
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
