using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Auth.Server.Tests.Management;

/// <summary>The description of the management API.</summary>
public sealed partial class ManagementDescriptionTests
{
    [Test]
    public async Task The_OpenAPI_document_is_the_committed_one()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        var actual = JsonNode.Parse(await http.GetStringAsync(new Uri("management/openapi.json", UriKind.Relative)))!;
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, "openapi.json");
        await File.WriteAllTextAsync(file, actual.ToJsonString(new() { WriteIndented = true }) + "\n");

        var committed = JsonNode.Parse(await File.ReadAllTextAsync(
            Path.Combine(TestContext.CurrentContext.TestDirectory, "Management", "openapi.json")));

        Assert.That(
            JsonNode.DeepEquals(actual, committed),
            $"If the change is intended, copy {file} to tests/Auth.Server.Tests/Management.");
    }

    [Test]
    public async Task The_documentation_page_loads_nothing_from_other_sites_and_runs_only_scripts_with_its_nonce()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        using var response = await http.GetAsync(new Uri("management/docs/", UriKind.Relative));
        var html = await response.Content.ReadAsStringAsync();
        Assert.That((int)response.StatusCode, Is.EqualTo(200), html);

        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        var nonce = Nonce().Match(policy).Groups[1].Value;
        Assert.That(nonce, Has.Length.GreaterThan(20));
        Assert.That(
            policy, Does.Contain("default-src 'none'").And.Not.Contain("unsafe-eval").And.Not.Contain("https:"));
        Assert.That(policy, Does.Not.Match("script-src[^;]*unsafe-inline"));
        var scripts = Script().Matches(html);
        Assert.That(scripts, Is.Not.Empty);
        // HTML escapes the + of base64.
        Assert.That(
            scripts.Select(script => WebUtility.HtmlDecode(script.Value)), Has.All.Contains($"nonce=\"{nonce}\""));
        Assert.That(html, Does.Not.Match("(src|href)=\"(https?:)?//"));
    }

    [GeneratedRegex("'nonce-([^']+)'")]
    private static partial Regex Nonce();

    [GeneratedRegex("<script[^>]*>")]
    private static partial Regex Script();
}
