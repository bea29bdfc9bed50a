using System.Net;

namespace EndToEnd.Tests;

/// <summary>What a new developer gets from <c>./deploy/local.sh</c>.</summary>
internal sealed class FirstStartTests : EndToEndTest
{
    [Test]
    public void The_script_prints_the_portal_the_sign_in_and_the_SCIM_Base_URL() => Assert.Multiple(() =>
    {
        Assert.That(Local.Output, Does.Match($"Portal +{Local.AuthUrl}\n"));
        Assert.That(Local.Output, Does.Match($"Sign in as +{Local["ADMIN_EMAIL"]}\n"));
        Assert.That(Local.Output, Does.Match($"Password +{Local["ADMIN_PASSWORD"]}\n"));
        Assert.That(Local.Output, Does.Match($"SCIM Base URL +{Local.ScimBaseUrl}\n"));
    });

    [Test]
    public async Task The_printed_curl_creates_a_user()
    {
        var curl = Local.Output[Local.Output.IndexOf("\ncurl ", StringComparison.Ordinal)..].Trim().Split("\n\n")[0];

        // The arguments as a shell parses them; curl itself need not be installed.
        var words = await Script.Run("bash", "-c", curl.Replace("curl ", "printf '%s\\n' ", StringComparison.Ordinal));
        var lines = words.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(new(lines[1]), lines[2]) { Content = new StringContent(lines[^1]) };
        request.Headers.TryAddWithoutValidation("Authorization", lines[4]["Authorization: ".Length..]);
        request.Content.Headers.ContentType = new(lines[6]["Content-Type: ".Length..]);
        using var response = await http.SendAsync(request);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Created));
    }

    [Test]
    public void The_file_of_variables_is_readable_by_its_owner_only()
    {
        string[] names =
        [
            "AUTH_URL", "SCIM_BASE_URL", "ACCOUNT_ID", "ADMIN_EMAIL", "ADMIN_PASSWORD", "SCIM_TOKEN", "AUTH_SERVER",
            "SCIM_API",
        ];

        Assert.That(names.Select(name => Local[name]), Has.All.Not.Empty);
        Assert.That(
            File.GetUnixFileMode(Path.Combine(Local.Data, "local.env")),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public async Task The_demo_account_has_three_people_and_a_hundred_seats()
    {
        var portal = await OpenBrowser();
        await portal.SignIn(Local["ADMIN_EMAIL"], Local["ADMIN_PASSWORD"]);
        await portal.Open("/settings/user-management");

        foreach (var person in new[] { "ada.lovelace", "alan.turing", "grace.hopper" })
        {
            var row = portal.Page.GetByRole(Microsoft.Playwright.AriaRole.Row)
                .Filter(new() { HasText = $"{person}@demo.example" });
            Assert.That(
                await row.InnerTextAsync(), Does.Contain("SciLeads").And.Contains("portal").And.Contains("Active"));
        }

        Assert.That(await portal.Page.Locator(".seats").InnerTextAsync(), Does.Match("of 100 used, \\d+ free"));
    }

    [Test]
    public async Task The_commands_work_from_any_folder()
    {
        var ended = await Script.Run(
            "bash", "-c",
            $". '{Local.Data}/local.env' && cd / && $AUTH_SERVER credentials show --account \"$ACCOUNT_ID\" --json");

        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        Assert.That(ended.Output, Does.Contain("\"credentialSetId\"").And.Contains("\"generation\""));
    }

    [Test]
    public async Task People_are_imported_from_a_file()
    {
        var customer = await Customer.Open(Local);
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(
            file, "email,firstName,lastName\nann@import.example,Ann,Lee\nbo@import.example,Bo,Ek\n");

        var imported = await Script.Run(Local["SCIM_API"], "users", "import", file, "--account", customer.AccountId);

        Assert.That(imported.ExitCode, Is.Zero, imported.ToString());
        using var scim = Local.Scim(await customer.GenerateToken());
        var found = await scim.Find("ANN@import.example");
        Assert.That((int?)found["totalResults"], Is.EqualTo(1), found.ToString());
    }
}
