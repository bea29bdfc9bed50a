using System.IO.Compression;
using System.Text.RegularExpressions;
using Benchmarks.Tokens;

namespace Benchmarks;

/// <summary>
/// Pages of the portal as an administrator's browser requests them: the CPU time of both servers and their databases,
/// and what is transferred with an empty cache, as a proxy compresses it.
/// </summary>
internal sealed partial class PortalPages(Product product, Report report) : IDisposable
{
    private const double MostMilliseconds = 20;
    private const double MostKilobytes = 100;

    private readonly HttpClient browser = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
    {
        BaseAddress = product.AuthServer.Address,
    };

    private readonly Dictionary<string, int> assets = new(StringComparer.Ordinal);

    public async Task Measure(int users, int requests)
    {
        var someone = $"ann.lee{SeededUsers.Digits(users / 2)}";
        string[] pages =
        [
            "/", "/scim-credentials", "/scim-credentials/generate", "/scim-credentials/history",
            "/scim-credentials/connect?provider=okta", "/settings/user-management",
            "/settings/user-management?page=last", "/settings/user-management?sort=email",
            $"/settings/user-management?search={someone}@example.com", $"/settings/user-management?search={someone}",
            $"/settings/user-management/{SeededUsers.Id(users / 2)}",
            $"/settings/user-management/why?email={someone}@example.com", "/settings/provisioning-log",
            "/settings/administrators", "/settings/notices", "/settings/management-clients", "/settings/audit-log",
            "/security",
        ];
        await SignIn();
        foreach (var page in pages)
            await Get(page, requests);
        await Machine.Rest();
        foreach (var page in pages)
            await Measure(page, requests);
    }

    public void Dispose() => browser.Dispose();

    private async Task Measure(string page, int requests)
    {
        var before = Spent();
        var html = await Get(page, requests);
        report.AtMost(MostMilliseconds, (Spent() - before).TotalMilliseconds / requests, $"{page}, CPU ms");

        var size = Compressed(html);
        foreach (Match asset in Asset().Matches(html))
            size += await SizeOf(asset.Groups[1].Value);
        report.AtMost(MostKilobytes, size / 1000.0, $"{page}, KB with its style, scripts and icon");
    }

    private async Task<string> Get(string page, int times)
    {
        var html = "";
        for (var i = 0; i < times; i++)
            html = await Get(page);
        return html;
    }

    private TimeSpan Spent() => product.AuthServer.Spent().All + product.ScimApi.Spent().All;

    private async Task SignIn()
    {
        var form = await Get("/sign-in");
        using var content = new FormUrlEncodedContent(
        [
            new("__RequestVerificationToken", AntiforgeryToken().Match(form).Groups[1].Value),
            new("email", IssuedTokens.AdministratorEmail),
            new("password", IssuedTokens.AdministratorPassword),
        ]);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/sign-in", UriKind.Relative))
        {
            Content = content,
        };
        using var answer = await browser.SendAsync(request);
        if ((int)answer.StatusCode != 302)
            throw new InvalidOperationException($"Sign in: {answer}\n{await answer.Content.ReadAsStringAsync()}");
    }

    private async Task<string> Get(string path)
    {
        using var answer = await browser.GetAsync(new Uri(path, UriKind.Relative));
        var html = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? html : throw new InvalidOperationException($"{path}: {answer}\n{html}");
    }

    private async Task<int> SizeOf(string asset)
    {
        if (!assets.TryGetValue(asset, out var size))
            assets[asset] = size = Compressed(await Get(asset));
        return size;
    }

    private static int Compressed(string text)
    {
        using var compressed = new MemoryStream();
        using (var writer = new StreamWriter(new GZipStream(compressed, CompressionLevel.Optimal, leaveOpen: true)))
            writer.Write(text);
        return (int)compressed.Length;
    }

    [GeneratedRegex("name=\"__RequestVerificationToken\"[^>]* value=\"([^\"]*)\"")]
    private static partial Regex AntiforgeryToken();

    [GeneratedRegex("<(?:link|script)[^>]* (?:href|src)=\"([^\"]*)\"")]
    private static partial Regex Asset();
}
