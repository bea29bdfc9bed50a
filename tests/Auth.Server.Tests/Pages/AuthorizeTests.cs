using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Web;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

[Category("AnyDatabase")]
[Category("Slow")]
public sealed class AuthorizeTests
{
    private const string RedirectUri = "https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback";

    [Test(Description = "RFC 6749 §4.1, RFC 9207")]
    [Category("Check 07")]
    public async Task An_administrator_signs_in_and_allows_and_the_client_gets_its_tokens()
    {
        await using var server = await AuthServer.Start();
        var (account, issued) = await Client(server);
        using var scim = await ResourceServer.Register(server);
        using var browser = Browser.At(server);

        var signIn = await browser.Open(Request(issued, "&state=a%20%26%20b&scope=scim"));
        var asked = await browser.Submit(
            await browser.Follow(signIn), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        var consent = await browser.Follow(asked);

        Assert.That(consent.Status, Is.EqualTo(200));
        Assert.That(consent.Text, Does.Contain("Demo").And.Contain("the Okta app scileads_1")
            .And.Contain("https://system-admin.okta.com").And.Contain(issued.Set.ClientId!)
            .And.Contain("Read").And.Contain("Create").And.Contain("Update").And.Contain("Deactivate")
            .And.Contain("until its credentials are replaced"));
        var policy = consent.Header("Content-Security-Policy");
        Assert.That(policy, Does.Contain("form-action 'self' https: https://system-admin.okta.com;"));

        var answer = Answer(await browser.Submit(consent, "Allow"), RedirectUri);
        Assert.That(answer["state"], Is.EqualTo("a & b"));
        Assert.That(answer["iss"], Is.EqualTo(AuthServer.PublicUrl.ToString()));
        var token = await Redeem(server, issued, answer["code"]!);
        var introspection = await scim.Introspect(token.GetProperty("access_token").GetString()!);
        Assert.That(introspection.Active, Is.True);
        Assert.That(introspection.Account!.Id, Is.EqualTo(account.Id));
        Assert.That(introspection.CredentialSet!.Id, Is.EqualTo(issued.Set.Id));
    }

    [TestCase("")]
    [TestCase("&scope=scim")]
    [TestCase("&scope=offline_access")]
    [TestCase("&scope=scim%20offline_access")]
    public async Task Whatever_scope_is_requested_scim_and_a_refresh_token_are_granted(string scope)
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var allowed = await browser.Submit(await browser.Open(Request(issued, scope)), "Allow");
        var token = await Redeem(server, issued, Answer(allowed, RedirectUri)["code"]!);

        var introspection = await scim.Introspect(token.GetProperty("access_token").GetString()!);
        Assert.That(introspection.Scope!.Split(' '), Does.Contain(Scopes.Scim));
        using var http = server.CreateClient();
        using var refreshed = await http.RequestToken(
            issued.Set.ClientId, issued.ClientSecret,
            ("grant_type", "refresh_token"), ("refresh_token", token.GetProperty("refresh_token").GetString()!));
        Assert.That((int)refreshed.StatusCode, Is.EqualTo(200));
    }

    [Test(Description = "RFC 6749 §4.1.2.1")]
    public async Task Denying_redirects_with_access_denied()
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        using var browser = await Browser.SignedIn(server);

        var denied = await browser.Submit(await browser.Open(Request(issued, "&state=xyz")), "Deny");

        var answer = Answer(denied, RedirectUri);
        Assert.That(answer["error"], Is.EqualTo("access_denied"));
        Assert.That(answer["state"], Is.EqualTo("xyz"));
        Assert.That(answer["code"], Is.Null);
    }

    [Test]
    public async Task A_request_with_prompt_none_is_redirected_with_consent_required()
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        using var browser = await Browser.SignedIn(server);

        var answer = Answer(await browser.Open(Request(issued, "&prompt=none")), RedirectUri);

        Assert.That(answer["error"], Is.EqualTo("consent_required"));
    }

    [TestCase("https://client.example/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://client.example:8443/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://system-admin.okta.com.evil.example/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://system-admin.okta.com:8443/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://okta.com/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback?x=1", null)]
    [TestCase("https://system-admin.okta.com/x/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://evil.example/https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback", null)]
    [TestCase("https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback", "scileads_1")]
    [TestCase("https://system-admin.okta-emea.com/admin/app/cpc/scileads_1/oauth/callback", "scileads_1")]
    [TestCase("https://system-admin.oktapreview.com/admin/app/cpc/other-app/oauth/callback", "other-app")]
    public async Task Only_redirect_URIs_of_Okta_are_shown_as_Okta_apps(string redirectUri, string? app)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account, CredentialMethods.OAuth2, redirectUri);
        using var browser = await Browser.SignedIn(server);

        var consent = await browser.Open(Request(issued, redirectUri: redirectUri));

        Assert.That(consent.Status, Is.EqualTo(200));
        Assert.That(consent.Text, app is null ? Does.Not.Contain("Okta app") : Does.Contain($"the Okta app {app}"));
        if (app is null)
            Assert.That(consent.Text, Does.Contain($"{new Uri(redirectUri).Authority}."));
    }

    [Test]
    [Category("Check 13")]
    public async Task An_administrator_of_another_account_can_only_sign_in_as_someone_else()
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        await server.CreateAdministrator(await server.CreateAccount("Other"), "eve@example.com");
        using var browser = await Browser.SignedIn(server, "eve@example.com");
        var request = Request(issued, "&state=xyz");

        var refused = await browser.Open(request);

        Assert.That(refused.Status, Is.EqualTo(403));
        Assert.That(refused.Html, Does.Not.Contain("Demo").And.Not.Contain("Allow</button>"));
        Assert.That((await browser.Submit(refused, "Sign out", ("decision", "allow"))).Status, Is.EqualTo(302));

        using var second = await Browser.SignedIn(server, "eve@example.com");
        var signIn = await second.Submit(await second.Open(request), "Sign in as someone else");
        var asked = await second.Submit(
            await second.Follow(signIn), "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        Assert.That(asked.Location, Is.EqualTo(request));
        Assert.That((await second.Follow(asked)).Text, Does.Contain("Allow provisioning of Demo?"));
    }

    [Test]
    [Category("Check 12")]
    [Category("Check 13")]
    public async Task A_consent_forged_by_an_administrator_of_another_account_is_refused()
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        await server.CreateAdministrator(await server.CreateAccount("Other"), "eve@example.com");
        using var browser = await Browser.SignedIn(server, "eve@example.com");
        var antiforgery = (await browser.Open("/")).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        (string, string)[] consent =
        [
            ("client_id", issued.Set.ClientId!),
            ("response_type", "code"),
            ("redirect_uri", RedirectUri),
            ("decision", "allow"),
        ];

        var forged = await browser.Post("/connect/authorize", consent);
        consent = [.. consent, ("__RequestVerificationToken", antiforgery)];
        var refused = await browser.Post("/connect/authorize", consent);

        Assert.That((refused.Status, refused.Location), Is.EqualTo((403, (string?)null)));
        Assert.That((forged.Status, forged.Location), Is.EqualTo((400, (string?)null)));
    }

    [TestCase("https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback/evil")]
    [TestCase("https://system-admin.okta.com.evil.example/admin/app/cpc/scileads_1/oauth/callback")]
    [TestCase("https://system-admin.okta.com/admin/app/cpc/SciLeads_1/oauth/callback")]
    [TestCase("http://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback")]
    [Category("Check 01")]
    [Category("Check 02")]
    public async Task An_unregistered_redirect_URI_is_not_redirected_to(string redirectUri)
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        using var browser = await Browser.SignedIn(server);

        var refused = await browser.Open(Request(issued, redirectUri: redirectUri));

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
        Assert.That(refused.Headings, Is.EqualTo(new[] { "This request cannot be authorized" }));
        Assert.That(refused.Text, Does.Contain("redirect_uri"));
    }

    [Test]
    [Category("Check 09")]
    public async Task A_client_whose_set_was_replaced_is_unknown_before_and_after_the_consent_page()
    {
        await using var server = await AuthServer.Start();
        var (account, issued) = await Client(server);
        using var browser = await Browser.SignedIn(server);
        var consent = await browser.Open(Request(issued));

        await server.Generate(account);

        foreach (var refused in new[] { await browser.Submit(consent, "Allow"), await browser.Open(Request(issued)) })
        {
            Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
            Assert.That(refused.Headings, Is.EqualTo(new[] { "This request cannot be authorized" }));
        }
    }

    [Test(Description = "RFC 7636 §4.6")]
    [Category("Check 14")]
    public async Task A_code_with_a_challenge_is_redeemed_only_with_its_verifier()
    {
        await using var server = await AuthServer.Start();
        var (_, issued) = await Client(server);
        using var browser = await Browser.SignedIn(server);
        using var http = server.CreateClient();
        var verifier = Base64UrlEncoder.Encode(RandomNumberGenerator.GetBytes(32));
        var challenge = Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        var request = Request(issued, $"&code_challenge={challenge}&code_challenge_method=S256");

        foreach (var (sent, status) in new[] { ("wrong" + verifier, 400), (null, 400), (verifier, 200) })
        {
            var allowed = await browser.Submit(await browser.Open(request), "Allow");
            (string, string)[] form =
            [
                ("grant_type", "authorization_code"),
                ("code", Answer(allowed, RedirectUri)["code"]!),
                ("redirect_uri", RedirectUri),
                .. sent is null ? Array.Empty<(string, string)>() : [("code_verifier", sent)],
            ];
            using var response = await http.RequestToken(issued.Set.ClientId, issued.ClientSecret, form);
            Assert.That((int)response.StatusCode, Is.EqualTo(status), sent);
        }
    }

    [Test(Description = "RFC 6749 §3.1.2.3")]
    public async Task A_client_with_one_redirect_URI_need_not_name_it()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account, CredentialMethods.OAuth2, "https://client.example/cb");
        using var browser = await Browser.SignedIn(server);

        var consent = await browser.Open($"/connect/authorize?response_type=code&client_id={issued.Set.ClientId}");

        Assert.That(consent.Text, Does.Contain("client.example"));
        Assert.That(Answer(await browser.Submit(consent, "Allow"), "https://client.example/cb")["code"], Is.Not.Null);
    }

    [TestCase("Manual", "until an administrator activates them")]
    [TestCase("FirstUse", "until the application makes its first SCIM request")]
    public async Task The_client_of_a_staged_set_can_be_allowed_and_the_page_says_that_this_does_not_activate_it(
        string activation, string says)
    {
        await using var server = await AuthServer.Start();
        var (account, active) = await Client(server);
        var staged = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(account.Id, active.Set.Id, CredentialMethods.OAuth2, TestOperations.Actor(), RedirectUris: [RedirectUri],
                Staging: new(Enum.Parse<Activation>(activation))),
            CancellationToken.None));
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var consent = await browser.Open(Request(staged));
        Assert.That(
            consent.Text,
            Does.Contain("These credentials are staged. Allowing does not activate them").And.Contain(says));
        Assert.That((await browser.Open(Request(active))).Text, Does.Not.Contain("staged"));

        var answer = Answer(await browser.Submit(consent, "Allow"), RedirectUri);
        var token = (await Redeem(server, staged, answer["code"]!)).GetProperty("access_token").GetString()!;
        Assert.That((await server.FindActive(account))!.Id, Is.EqualTo(active.Set.Id));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    private static async Task<(Account, IssuedCredentials)> Client(AuthServer server)
    {
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        string[] redirectUris = [.. RedirectUris.OfOktaApp("scileads_1")];
        return (account, await server.Generate(account, CredentialMethods.OAuth2, redirectUris));
    }

    private static string Request(IssuedCredentials issued, string parameters = "", string redirectUri = RedirectUri) =>
        $"/connect/authorize?response_type=code&client_id={issued.Set.ClientId}"
        + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}{parameters}";

    /// <summary>The parameters of a redirect to a redirect URI.</summary>
    private static System.Collections.Specialized.NameValueCollection Answer(Page page, string redirectUri)
    {
        Assert.That(page.Status, Is.EqualTo(302), page.Html);
        Assert.That(page.Location, Does.StartWith($"{redirectUri}?"));
        return HttpUtility.ParseQueryString(new Uri(page.Location!).Query);
    }

    private static async Task<JsonElement> Redeem(AuthServer server, IssuedCredentials issued, string code)
    {
        using var http = server.CreateClient();
        using var response = await http.RequestToken(
            issued.Set.ClientId, issued.ClientSecret,
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", RedirectUri));
        Assert.That((int)response.StatusCode, Is.EqualTo(200), await response.Content.ReadAsStringAsync());
        return await response.Json();
    }
}
