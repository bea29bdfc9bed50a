using System.Collections.Specialized;
using System.Web;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Pages;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Invalid authorization requests are redirected to their client (RFC 6749 §4.1.2.1) only if an administrator of its
/// account is signed in (RFC 9700 §4.11.2).
/// </summary>
[Category("AnyDatabase")]
[Category("Slow")]
internal sealed class AuthorizationErrorsTests
{
    private const string Plain = "https://client.example/callback";
    private const string WithQuery = "https://client.example/callback?tenant=a%20b&x=1";

    private AuthServer server = null!;
    private IssuedCredentials issued = null!;
    private IssuedCredentials strict = null!;
    private Browser ada = null!;
    private Browser eve = null!;

    /// <summary>An invalid parameter, and the error that it causes.</summary>
    public static IEnumerable<TestCaseData<string, string>> Faults { get; } =
    [
        new("scope=everything", "invalid_scope"),
        new("scope=openid", "invalid_scope"),
        new("scope=accounts.read", "invalid_scope"),
        new("scope=scim+connection.test", "invalid_scope"),
        new("scope=scim&scope=everything", "invalid_scope"),
        new("response_type=", "invalid_request"),
        new("response_type=token", "unsupported_response_type"),
        new("response_type=id_token", "unsupported_response_type"),
        new("response_type=code%20token", "unsupported_response_type"),
        new("response_type=nonsense", "unsupported_response_type"),
        new("response_type=code&response_type=code", "invalid_request"),
        new("response_mode=form_post", "invalid_request"),
        new("response_mode=fragment", "invalid_request"),
        new("response_mode=nonsense", "invalid_request"),
        new(
            "code_challenge=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&code_challenge_method=plain",
            "invalid_request"),
        new("code_challenge=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "invalid_request"),
        new("code_challenge=short&code_challenge_method=S256", "invalid_request"),
        new("code_challenge_method=S256", "invalid_request"),
        new("resource=https%3A%2F%2Felsewhere.example%2F", "invalid_target"),
        new("resource=nonsense", "invalid_target"),
        new("resource=%2Fscim%2Fv2", "invalid_target"),
        new("resource=http%3A%2F%2Flocalhost%3A5002%2Fscim%2Fv2%23x", "invalid_target"),
        new(
            "resource=http%3A%2F%2Flocalhost%3A5002%2Fscim%2Fv2&resource=https%3A%2F%2Felsewhere.example%2F",
            "invalid_target"),
        new("resource=http%3A%2F%2Flocalhost%3A5002%2Fscim%2Fv2&resource=nonsense", "invalid_target"),
        new("prompt=consent%20nonsense", "invalid_request"),
        new("max_age=0&scope=everything", "invalid_scope"),
        new("id_token_hint=nonsense&response_type=token", "unsupported_response_type"),
        new("scope=SCIM", "invalid_scope"),
        new("scope=scim%09offline_access", "invalid_scope"),
        new("scope=%22", "invalid_scope"),
        new("scope=%C3%A9", "invalid_scope"),
        new("scope=a%5Cb%0D%0Ac", "invalid_scope"),
        new("prompt=login", "invalid_request"),
        new("prompt=select_account", "invalid_request"),
        new("prompt=nonsense", "invalid_request"),
        new("request=e30.e30.", "request_not_supported"),
        new("request_uri=https%3A%2F%2Felsewhere.example%2F", "request_uri_not_supported"),
        new("state=a&state=b", "invalid_request"),
    ];

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=10000");
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        issued = await server.Generate(account, CredentialMethods.OAuth2, Plain, WithQuery);
        var other = await server.CreateAccount("Other");
        await server.CreateAdministrator(other, "eve@example.com");
        strict = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                other.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(), RedirectUris: [Plain],
                RequirePkce: true),
            CancellationToken.None));
        ada = await Browser.SignedIn(server);
        eve = await Browser.SignedIn(server, "eve@example.com");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        ada.Dispose();
        eve.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    [Category("Check 06")]
    [Category("Check 10")]
    public async Task A_signed_in_administrator_is_sent_back_with_the_error(
        [ValueSource(nameof(Faults))] TestCaseData<string, string> fault, [Values(Plain, WithQuery)] string redirectUri)
    {
        var (parameters, error) = Of(fault);
        var browser = ada;

        foreach (var post in new[] { false, true })
            AssertSentBack(
                await Ask(browser, Request(parameters, redirectUri), post), redirectUri, error, StateOf(parameters));
    }

    [Test]
    public async Task Without_a_session_the_sign_in_page_comes_first(
        [ValueSource(nameof(Faults))] TestCaseData<string, string> fault, [Values(false, true)] bool post)
    {
        var (parameters, error) = Of(fault);
        using var browser = Browser.At(server);

        var asked = await Ask(browser, Request(parameters, WithQuery), post);
        Assert.That((asked.Status, asked.Location), Is.EqualTo((302, asked.Location)));
        Assert.That(asked.Location, Does.StartWith("/sign-in?"), "there is no redirect to the client before");
        var signedIn = await browser.Submit(
            await browser.Follow(asked), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));

        AssertSentBack(await browser.Follow(signedIn), WithQuery, error, StateOf(parameters));
    }

    [Test]
    public async Task An_administrator_of_another_account_is_not_redirected(
        [ValueSource(nameof(Faults))] TestCaseData<string, string> fault, [Values(false, true)] bool post)
    {
        var refused = await Ask(eve, Request(Of(fault).Parameters, Plain), post);

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
    }

    [Test]
    public async Task Prompt_none_returns_login_required_without_a_session(
        [Values("", "scope=everything", "response_type=token", "code_challenge_method=S256")] string fault,
        [Values(null, "eve@example.com")] string? who,
        [Values("direct", "post", "pushed")] string how)
    {
        using var anybody = Browser.At(server);
        var browser = who is null ? anybody : eve;
        // Errors in a pushed request are found when it is pushed.
        if (how == "pushed" && fault.Length > 0)
            return;
        var request = Request(fault + "&prompt=none", WithQuery);

        var answer = await Ask(browser, how == "pushed" ? await Push(request) : request, how == "post");
        if (answer.Status == 303)
            answer = await browser.Follow(answer);

        AssertSentBack(answer, WithQuery, "login_required", "s t&u");
    }

    [TestCase("direct")]
    [TestCase("post")]
    [TestCase("pushed")]
    public async Task Prompt_none_returns_consent_required_with_a_session(string how)
    {
        var browser = ada;
        var request = Request("prompt=none", WithQuery);

        var answer = await Ask(browser, how == "pushed" ? await Push(request) : request, how == "post");
        if (answer.Status == 303)
            answer = await browser.Follow(answer);

        AssertSentBack(answer, WithQuery, "consent_required", "s t&u");
    }

    [TestCase("direct")]
    [TestCase("post")]
    [TestCase("pushed")]
    public async Task Denying_and_allowing_keep_the_query_of_the_redirect_URI(string how)
    {
        var browser = ada;
        var request = Request("", WithQuery);

        foreach (var button in new[] { "Deny", "Allow" })
        {
            var page = await Ask(browser, how == "pushed" ? await Push(request) : request, how == "post");
            if (page.Status == 303)
                page = await browser.Follow(page);
            var answer = await browser.Submit(page, button);
            if (button == "Deny")
                AssertSentBack(answer, WithQuery, "access_denied", "s t&u");
            else
                Assert.That(AnswerOf(answer, WithQuery)["code"], Is.Not.Empty);
        }
    }

    [TestCase("none%20login")]
    [TestCase("none%20consent")]
    [TestCase("consent%20none")]
    public async Task Prompt_none_cannot_be_combined(string prompt)
    {
        AssertSentBack(await ada.Open(Request($"prompt={prompt}", Plain)), Plain, "invalid_request", "s t&u");
    }

    [Test]
    public async Task A_used_or_expired_pushed_request_does_not_redirect()
    {
        var browser = ada;
        var request = await Push(Request("", Plain));
        await browser.Submit(await browser.Open(request), "Allow");

        foreach (var wrong in new[]
        {
            request,
            request + "&redirect_uri=" + Uri.EscapeDataString(Plain) + "&response_type=code",
            request[..^10],
            $"/connect/authorize?client_id={strict.Set.ClientId}&{request[request.IndexOf("request_uri", StringComparison.Ordinal)..]}",
        })
        {
            using var anybody = Browser.At(server);
            foreach (var page in new[] { await browser.Open(wrong), await anybody.Open(wrong) })
                Assert.That((page.Status, page.Location), Is.EqualTo((400, (string?)null)), wrong);
        }
    }

    [TestCase("client_id=nobody")]
    [TestCase("client_id=")]
    [TestCase("client_id={id}&client_id={id}")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%2Fevil")]
    [TestCase("redirect_uri=https%3A%2F%2Fevil.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%3Fx%3D2")]
    [TestCase("redirect_uri=HTTPS%3A%2F%2Fclient.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2FCLIENT.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2FCallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example.%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%3A443%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%3A8443%2Fcallback")]
    [TestCase("redirect_uri=http%3A%2F%2Fclient.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fuser%3Apw%40client.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%40evil.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%23")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%23x")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%2F")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%3F")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fx%2F..%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2F%2563allback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%5Ccallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%20")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%0A")]
    [TestCase("redirect_uri=%20https%3A%2F%2Fclient.example%2Fcallback")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback%00")]
    [TestCase("redirect_uri=client.example%2Fcallback")]
    [TestCase("redirect_uri=javascript%3Aalert(1)")]
    [TestCase("redirect_uri=%2F%2Fevil.example")]
    [TestCase("redirect_uri=", Description = "This client has two.")]
    [TestCase("redirect_uri=https%3A%2F%2Fclient.example%2Fcallback&redirect_uri=https%3A%2F%2Fclient.example%2Fcallback")]
    public async Task Without_a_known_client_and_redirect_URI_there_is_no_redirect(string parameters)
    {
        parameters = parameters.Replace("{id}", issued.Set.ClientId!, StringComparison.Ordinal);
        using var anybody = Browser.At(server);

        foreach (var browser in new[] { ada, anybody })
        {
            foreach (var fault in new[] { "", "&scope=everything", "&prompt=none", "&scope=everything&prompt=none" })
            {
                foreach (var post in new[] { false, true })
                {
                    var page = await Ask(browser, Request(parameters + fault, Plain), post);
                    Assert.That((page.Status, page.Location), Is.EqualTo((400, (string?)null)), parameters + fault);
                }
            }
        }
    }

    [Test]
    [Category("Check 05")]
    public async Task A_missing_PKCE_challenge_is_reported_to_the_client()
    {
        var answer = await eve.Open(
            $"/connect/authorize?response_type=code&client_id={strict.Set.ClientId}&state=s%20t%26u");

        AssertSentBack(answer, Plain, "invalid_request", "s t&u");
        Assert.That(AnswerOf(answer, Plain)["error_description"], Does.Contain("code_challenge"));
    }

    [Test]
    public async Task A_valid_POST_request_continues_after_signing_in()
    {
        using var browser = Browser.At(server);

        var moved = await Ask(browser, Request("", Plain), post: true);
        var asked = await browser.Follow(await browser.Follow(moved));
        var signedIn = await browser.Submit(
            asked, "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));

        Assert.That(moved.Status, Is.EqualTo(303));
        Assert.That((await browser.Follow(signedIn)).Text, Does.Contain("Allow provisioning of Demo?"));
    }

    private static (string Parameters, string Error) Of(TestCaseData fault) =>
        ((string)fault.Arguments[0]!, (string)fault.Arguments[1]!);

    private static string StateOf(string parameters) =>
        parameters.Contains("state=", StringComparison.Ordinal) ? "a" : "s t&u";

    /// <summary>A valid request with some parameters replaced.</summary>
    private string Request(string parameters, string redirectUri)
    {
        (string Name, string Value)[] usual =
        [
            ("response_type", "code"), ("client_id", issued.Set.ClientId!),
            ("redirect_uri", Uri.EscapeDataString(redirectUri)), ("state", "s%20t%26u"),
        ];
        var changed = parameters.Split('&', StringSplitOptions.RemoveEmptyEntries);
        return "/connect/authorize?" + string.Join('&', usual
            .Where(field => !changed.Any(change => change.StartsWith($"{field.Name}=", StringComparison.Ordinal)))
            .Select(field => $"{field.Name}={field.Value}").Concat(changed));
    }

    private static Task<Page> Ask(Browser browser, string request, bool post)
    {
        var (path, query) = (request[..request.IndexOf('?', StringComparison.Ordinal)], FieldsOf(request));
        return post ? browser.Post(path, query) : browser.Open(request);
    }

    private static (string, string)[] FieldsOf(string request)
    {
        var query = HttpUtility.ParseQueryString(request[(request.IndexOf('?', StringComparison.Ordinal) + 1)..]);
        return [.. from name in query.AllKeys from value in query.GetValues(name) ?? [] select (name, value)];
    }

    private async Task<string> Push(string request)
    {
        using var http = server.CreateClient();
        using var pushed = await http.Send(
            "connect/par", OAuthClient.Basic(issued.Set.ClientId, issued.ClientSecret), FieldsOf(request));
        Assert.That((int)pushed.StatusCode, Is.EqualTo(201), await pushed.Content.ReadAsStringAsync());
        var requestUri = (await pushed.Json()).GetProperty("request_uri").GetString()!;
        return $"/connect/authorize?client_id={issued.Set.ClientId}&request_uri={Uri.EscapeDataString(requestUri)}";
    }

    private static void AssertSentBack(Page page, string redirectUri, string error, string state)
    {
        var answer = AnswerOf(page, redirectUri);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["error"], Is.EqualTo(error));
            Assert.That(answer["state"], Is.EqualTo(state));
            Assert.That(answer["iss"], Is.EqualTo(AuthServer.PublicUrl.ToString()));
            Assert.That(answer["error_description"], Does.Match(@"^[ !#-\[\]-~]+$"), "RFC 6749 §4.1.2.1");
            Assert.That(answer["error_uri"], Is.Null);
            Assert.That(answer["code"], Is.Null);
        }
    }

    /// <summary>The parameters that were added to a redirect URI.</summary>
    private static NameValueCollection AnswerOf(Page page, string redirectUri)
    {
        Assert.That(page.Status, Is.EqualTo(302), page.Html);
        Assert.That(page.Location, Does.StartWith(
            redirectUri.Contains('?', StringComparison.Ordinal) ? $"{redirectUri}&" : $"{redirectUri}?"));
        return HttpUtility.ParseQueryString(page.Location![(redirectUri.Length + 1)..]);
    }
}
