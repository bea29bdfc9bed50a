using System.Net.Http.Headers;
using Auth.Server.Connect;
using Auth.Server.Tests.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Auth.Server.Tests.Pages.Security;
using Microsoft.Extensions.DependencyInjection;
using SciLeads.Tests;
using Shared.Contracts;

namespace Auth.Server.Tests.Data;

/// <summary>
/// While the database is down, hangs, is full or read-only, every endpoint answers 503 with <c>Retry-After</c> in its
/// own format, whether the fault shows while the caller is authenticated or later, and the node is not ready.
/// </summary>
[Category("Slow")]
public sealed class DatabaseOutageTests
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    [TestCaseSource(typeof(DatabaseFault), nameof(DatabaseFault.Kinds))]
    public async Task A_database_outage_returns_503_everywhere_and_recovers_without_a_restart(string kind)
    {
        var folder = Directory.CreateTempSubdirectory("outage-");
        using var fault = DatabaseFault.Of(kind, folder.FullName);
        await using (var server = await AuthServer.Start($"--ConnectionStrings:Auth={fault.ConnectionString}"))
        {
            using var client = await AllowedClient.Of(server);
            using var scim = await ResourceServer.Register(server);
            using var node = await ScimNode.Start(server, scim);
            using var caller = await ManagementCaller.Register(server);
            using var browser = await Browser.SignedIn(server);
            var http = server.CreateClient();
            var token = await client.ClientCredentialsToken();
            var refreshToken = (await client.Tokens()).RefreshToken!;
            await server.CreateAdministrator(client.Account, "pat@example.com");
            using var device = new SoftwareAuthenticator();
            using (var pat = await Browser.SignedIn(server, "pat@example.com"))
                await pat.AddPasskey(device);
            var consent = await browser.Open(client.Request());
            using var anybody = Browser.At(server);
            var signIn = await anybody.Open("/sign-in");
            await node.Poll(now: true);

            var requests = new Dictionary<string, (string Format, Func<Task<HttpResponseMessage>> Send)>
            {
                ["token, secret"] = ("oauth", () => client.Post(
                    AuthServerPaths.Token, ("grant_type", "client_credentials"))),
                ["token, assertion"] = ("oauth", () => scim.Post(
                    AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.PollEvents))),
                ["token, refresh"] = ("oauth", () => client.TryRefresh(refreshToken)),
                ["token, exchange"] = ("oauth", () => client.Post(
                    AuthServerPaths.Token, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                    ("subject_token", token), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"))),
                ["introspection"] = ("oauth", () => scim.Post(
                    AuthServerPaths.Introspection, ("token", token),
                    (TokenIntrospection.Parameters.Node, $"{Guid.NewGuid()}"),
                    (TokenIntrospection.Parameters.NodeName, "scim-9:5002"))),
                ["revocation"] = ("oauth", () => client.Post("/connect/revoke", ("token", token))),
                ["pushed authorization"] = ("oauth", () => client.Post(
                    "/connect/par", ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri))),
                ["events"] = ("problem", () => node.Send(new()
                {
                    Node = node.Id, NodeName = node.Name, Acknowledged = [], ReturnImmediately = true,
                })),
                ["management, read"] = ("problem", () => caller.Get(AuthServerPaths.Accounts)),
                ["management, write"] = ("problem", () => caller.Post(
                    ManagementCaller.SetsOf(client.Account), new { method = "direct_jwt" }, "a-key-of-an-outage")),
                ["authorization"] = ("page", () => Page(http, HttpMethod.Get, client.Request())),
                ["consent"] = ("page", () => browser.Answer(
                    HttpMethod.Post, "/connect/authorize",
                    [
                        .. consent.Document.QuerySelectorAll("main form input[type=hidden]")
                            .Select(field => (field.GetAttribute("name")!, field.GetAttribute("value")!)),
                        ("decision", "allow"),
                    ])),
                ["overview"] = ("page", () => browser.Answer(HttpMethod.Get, "/")),
                ["credentials"] = ("page", () => browser.Answer(HttpMethod.Get, "/scim-credentials")),
                ["audit log"] = ("page", () => browser.Answer(HttpMethod.Get, "/settings/audit-log")),
                ["audit log, CSV"] = ("page", () => browser.Answer(HttpMethod.Get, "/settings/audit-log?handler=Csv")),
                ["sign-in"] = ("page", () => anybody.Answer(HttpMethod.Post, "/sign-in", FieldsOf(signIn))),
                ["sign-in, passkey"] = ("page", () => anybody.Answer(
                    HttpMethod.Post, "/sign-in?handler=Passkey",
                    [
                        .. FieldsOf(signIn), ("answer", device.Get(SecondFactor.OptionsOn(signIn))),
                        ("ticket", signIn.Document.QuerySelector("form[data-passkey] input[name=ticket]")!.GetAttribute("value")!),
                    ])),
                ["invitation"] = ("page", () => anybody.Answer(
                    HttpMethod.Post, "/invitation", [.. FieldsOf(signIn), ("code", "nonsense")])),
                ["sign-out"] = ("page", () => browser.Answer(HttpMethod.Post, "/sign-out", FieldsOf(consent))),
            };

            await fault.Begin();
            if (kind == "gone")
                server.Services.GetRequiredService<TokenLookup>().CloseIdle();
            // There is still space for a few writes.
            if (kind == "full")
                await Exhaust(requests["token, secret"].Send);
            var answers = await Task.WhenAll(requests.Select(async request =>
                (request.Key, request.Value.Format, Answer: await request.Value.Send())));
            Assert.Multiple(() =>
            {
                foreach (var (name, format, answer) in answers)
                {
                    if (fault.IsTotal || (int)answer.StatusCode >= 500)
                        AssertUnavailable(name, format, answer);
                }
            });
            Assert.That(answers.Count(answer => (int)answer.Answer.StatusCode == 503), Is.GreaterThan(0));
            Assert.That(await Until(http, 503), "it is not ready");
            using (var live = await http.GetAsync(new Uri("/health/live", UriKind.Relative)))
                Assert.That((int)live.StatusCode, Is.EqualTo(200));

            await fault.End();
            Assert.That(await Until(http, 200), "it is ready again");
            foreach (var (name, (_, send)) in requests)
            {
                using var answer = await send();
                Assert.That((int)answer.StatusCode, Is.LessThan(500), name);
            }
        }
        folder.Delete(recursive: true);
    }

    private static async Task Exhaust(Func<Task<HttpResponseMessage>> write)
    {
        for (var times = 0; times < 1000; times++)
        {
            using var answer = await write();
            if ((int)answer.StatusCode >= 500)
                return;
        }
    }

    private static void AssertUnavailable(string name, string format, HttpResponseMessage answer)
    {
        var body = answer.Content.ReadAsStringAsync().Result;
        Assert.That((int)answer.StatusCode, Is.EqualTo(503), $"{name}: {body}");
        Assert.That(answer.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(5)), name);
        Assert.That(answer.Headers.CacheControl?.NoStore, Is.True, name);
        var (type, content) = format switch
        {
            "oauth" => ("application/json", "\"error\":\"temporarily_unavailable\""),
            "problem" => ("application/problem+json", "\"status\":503"),
            _ => ("text/html", "<h1>SciLeads is not available at the moment</h1>"),
        };
        Assert.That(answer.Content.Headers.ContentType?.MediaType, Is.EqualTo(type), name);
        Assert.That(body, Does.Contain(content), name);
    }

    private static async Task<bool> Until(HttpClient http, int status)
    {
        using var limit = new CancellationTokenSource(patience);
        while (!limit.IsCancellationRequested)
        {
            using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
            if ((int)answer.StatusCode == status)
                return true;
            await Task.Delay(50);
        }
        return false;
    }

    private static Task<HttpResponseMessage> Page(HttpClient http, HttpMethod method, string path) => http.SendAsync(
        new(
            method,
            new Uri(
                path,
                UriKind.Relative)) { Headers = { Accept = { new MediaTypeWithQualityHeaderValue("text/html") } } });

    private static (string, string)[] FieldsOf(Page signIn) =>
    [
        .. signIn.Document.QuerySelectorAll("input[name=__RequestVerificationToken]").Take(1)
            .Select(field => ("__RequestVerificationToken", field.GetAttribute("value")!)),
        ("email", "ada@example.com"), ("password", AuthServer.Password),
    ];
}
