using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>
/// Both servers log everything they can, and every flow succeeds and fails in every way. Then no secret that was used
/// is in a log, in the body of an error or in a database file.
/// </summary>
internal sealed partial class CanaryTests : EndToEndTest
{
    private const string Prefix = "canary-";

    private readonly Dictionary<string, string> secrets = [];
    private readonly List<string> errors = [];

    [Test]
    [Category("Check 23")]
    [Category("Check 58")]
    public async Task No_secret_is_in_a_log_an_error_or_a_database_file()
    {
        await using var system = await LocalSystem.StartNew(new LocalSystem
        {
            // More specific than the categories in appsettings.json.
            Settings =
            [
                "Logging__Console__LogLevel__Default=Trace",
                "Logging__Console__LogLevel__OpenIddict.Server.OpenIddictServerDispatcher=Trace",
                "Logging__Console__FormatterOptions__IncludeScopes=true",
            ],
        });
        var customer = await Customer.Open(system);
        Note("password", customer.Password);

        var client = await GoThroughTheFlows(system, customer);
        await FailInEveryWay(system, client);
        await RequireNoneInFiles(system, "*.db*");
        await BreakTheServers(system, client);
        await system.Stop();

        await RequireNoneInFiles(system, "*.log");
        foreach (var (name, secret) in secrets)
            Assert.That(
                errors.Where(error => error.Contains(secret, StringComparison.Ordinal)), Is.Empty,
                $"{name} in the body of an error");
    }

    private async Task<OAuthClient> GoThroughTheFlows(LocalSystem system, Customer customer)
    {
        var direct = await customer.GenerateToken();
        NoteToken("direct JWT", direct);
        using (var scim = system.Scim(direct))
            await Provision(scim, "ann");
        NoteToken("exchanged JWT", (string)(await Trade(system, direct, null))["access_token"]!);

        var portal = await SignIn(customer);
        using var callback = new Callback();
        var client = await portal.GenerateClient(callback.Uri);
        Note("client secret", client.ClientSecret);
        var verifier = Note("verifier", $"{Prefix}verifier-{Guid.NewGuid():N}{Guid.NewGuid():N}");
        var code = await Consent(portal, callback, client, verifier);
        NoteToken("code", code);
        var tokens = await client.Redeem(code, callback.Uri, verifier);
        NoteTokens(tokens);
        var refreshed = await client.Refresh((string)tokens["refresh_token"]!);
        NoteTokens(refreshed);
        NoteTokens(await client.ClientCredentials());
        NoteTokens(await (client with { SecretInBody = true }).ClientCredentials());
        NoteTokens(await Trade(system, (string)refreshed["access_token"]!, client));
        using (var scim = system.Scim($"Bearer {refreshed["access_token"]}"))
            await Provision(scim, "bo");

        // Reused, introspected, revoked.
        errors.Add((await client.Redeem(code, callback.Uri, verifier)).ToString());
        await Post(system, "connect/introspect", Basic(client), ("token", direct));
        await Post(system, "connect/revoke", Basic(client), ("token", (string)refreshed["refresh_token"]!));
        await portal.Open("/settings/user-management");
        foreach (var cookie in await portal.Page.Context.CookiesAsync())
            Note($"cookie {cookie.Name}", cookie.Value);
        return client;
    }

    private async Task FailInEveryWay(LocalSystem system, OAuthClient client)
    {
        var wrong = Note("wrong secret", $"scim_cs_{Prefix}{Guid.NewGuid():N}");
        foreach (var path in new[] { "connect/token", "connect/introspect", "connect/revoke", "connect/par" })
        {
            await Post(
                system, path, Basic(client with { ClientSecret = wrong }), ("grant_type", "client_credentials"),
                ("token", wrong));
            await Post(
                system, path, null, ("client_id", client.ClientId), ("client_secret", wrong), ("code", wrong),
                ("refresh_token", wrong),
                ("client_assertion", wrong), ("client_assertion_type", wrong), ("subject_token", wrong),
                ("password", wrong),
                ("token", wrong), ("code_verifier", wrong), ("grant_type", "password"));
            await Post(system, $"{path}?client_secret={wrong}&token={wrong}", null, ("client_id", client.ClientId));
            foreach (var type in new[] { "application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x" })
                await Send(system, path, null, $"{{\"client_secret\":\"{wrong}\"}}", type);
        }

        var password = Note("wrong password", $"{Prefix}{Guid.NewGuid():N}");
        var portal = await OpenBrowser(system);
        await portal.Open("/sign-in");
        await portal.FillSignIn("nobody@canary.example", password);
        await portal.Page.GetByRole(AriaRole.Alert).First.WaitForAsync();

        var bearer = Note("wrong bearer", $"{Prefix}{Guid.NewGuid():N}");
        using var scim = system.Scim($"Bearer {bearer}");
        errors.Add((await scim.Test()).ToString());
        using var own = system.Scim(bearer);
        errors.Add((await own.Test()).ToString());
    }

    /// <summary>Calls a server whose database is locked, and another whose authorization server is stopped.</summary>
    private async Task BreakTheServers(LocalSystem system, OAuthClient client)
    {
        var token = await (await Customer.Open(system)).GenerateToken();
        NoteToken("last JWT", token);
        // SQLite's write lock: nobody else can write, and eventually that is an outage. .NET has no such
        // locks on macOS.
        if (!OperatingSystem.IsMacOS())
            await FailToWrite(system, client);

        using var scim = system.Scim(token);
        errors.Add((await scim.Test()).ToString());
        system.Kill("auth-server");
        errors.Add((await scim.Create("cy@canary.example")).ToString());
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("macos")]
    private async Task FailToWrite(LocalSystem system, OAuthClient client)
    {
        await using var index = new FileStream(
            Path.Combine(system.Data, "auth.db-shm"), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        index.Lock(120, 1);
        var broken = await Post(system, "connect/token", Basic(client), ("grant_type", "client_credentials"));
        Assert.That(broken, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        index.Unlock(120, 1);
    }

    private async Task Provision(ScimClient scim, string name)
    {
        var user = ScimClient.NewUser($"{name}@canary.example");
        user["password"] = Note($"password of {name}", $"{Prefix}{Guid.NewGuid():N}");
        var created = await scim.Send(HttpMethod.Post, "Users", user);
        Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created), created.ToString());
        Assert.That(created.ToString(), Does.Not.Contain(Prefix));

        user["userName"] = 5;
        errors.Add((await scim.Send(HttpMethod.Post, "Users", user)).ToString());
        errors.Add((await scim.Patch((string)created["id"]!, "password", Note("patched password", $"{Prefix}{Guid.NewGuid():N}"))).ToString());
        errors.Add(
            (await scim.Send(HttpMethod.Post, "Users", JsonValue.Create(secrets[$"password of {name}"]))).ToString());
    }

    private static async Task<string> Consent(Portal portal, Callback callback, OAuthClient client, string verifier)
    {
        await portal.Page.GotoAsync(client.AuthorizeUrl(callback.Uri, "state", verifier));
        var arrived = callback.Receive();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        return (await arrived)["code"]!;
    }

    private static async Task<Answer> Trade(LocalSystem system, string token, OAuthClient? client)
    {
        using var http = new HttpClient();
        using var request = Request(
            system, "connect/token", client is null ? null : Basic(client),
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
        using var response = await http.SendAsync(request);
        var answer = await Answer.Read(response);
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
        return answer;
    }

    private async Task<HttpStatusCode> Post(
        LocalSystem system, string path, AuthenticationHeaderValue? authorization,
        params (string Name, string Value)[] form)
    {
        using var request = Request(system, path, authorization, form);
        return await Send(request);
    }

    private async Task Send(
        LocalSystem system, string path, AuthenticationHeaderValue? authorization, string body, string type)
    {
        using var request = Request(system, path, authorization);
        request.Content = new StringContent(body);
        request.Content.Headers.Remove("Content-Type");
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        await Send(request);
    }

    private async Task<HttpStatusCode> Send(HttpRequestMessage request)
    {
        using var http = new HttpClient();
        using var response = await http.SendAsync(request);
        errors.Add(await response.Content.ReadAsStringAsync());
        return response.StatusCode;
    }

    private static HttpRequestMessage Request(
        LocalSystem system, string path, AuthenticationHeaderValue? authorization,
        params (string Name, string Value)[] form) =>
        new(HttpMethod.Post, $"{system.AuthUrl}/{path}")
        {
            Headers = { Authorization = authorization },
            Content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        };

    private static AuthenticationHeaderValue Basic(OAuthClient client) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{client.ClientId}:{client.ClientSecret}")));

    private string Note(string name, string secret)
    {
        secrets[$"{name}"] = secret;
        // As it is encoded in a header.
        secrets[$"{name}, encoded"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)).TrimEnd('=')[..^2];
        return secret;
    }

    private void NoteTokens(Answer answer)
    {
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
        foreach (var name in new[] { "access_token", "refresh_token" })
        {
            if (answer[name] is { } token)
                NoteToken($"{name} {secrets.Count}", (string)token!);
        }
    }

    // The common beginning of all tokens is not secret; the rest is.
    private void NoteToken(string name, string token) => secrets[name] = token.Split('.')[^1];

    private async Task RequireNoneInFiles(LocalSystem system, string pattern)
    {
        var files = Directory.EnumerateFiles(system.Data, pattern, SearchOption.AllDirectories)
            .Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).ToList();
        Assert.That(files, Has.Count.GreaterThanOrEqualTo(2));
        foreach (var file in files)
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            var content = await reader.ReadToEndAsync();
            if (Path.GetFileName(file) is "auth-server.log" or "scim-api.log")
                Assert.That(content, Does.Contain("trce:"), $"{Path.GetFileName(file)} has all that can be logged");
            using (Assert.EnterMultipleScope())
            {
                foreach (var (name, secret) in secrets.Where(one => content.Contains(one.Value, StringComparison.Ordinal)))
                {
                    var at = content.IndexOf(secret, StringComparison.Ordinal);
                    Assert.Fail($"{name} is in {Path.GetFileName(file)}: {content[Math.Max(0, at - 300)..(at + 60)]}");
                }
                // Assertions of Scim.Api and tokens of the portal, which this test has not seen. The payload of a code
                // is stored encrypted; the code itself is a random number, of which only the hash is stored.
                Assert.That(Jwt().Match(content).Value, Is.Empty, $"a JWT in {Path.GetFileName(file)}");
            }
        }
    }

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}")]
    private static partial Regex Jwt();
}
