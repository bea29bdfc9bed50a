using System.Globalization;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary>Generating credentials in the portal: step 3 of the setup guide.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ScimCredentialsTests
{
    private const string Address = "/scim-credentials";
    private const string Generate = "/scim-credentials/generate";
    private const string Button = "Generate Credentials";
    private static readonly (string, string) jwt = ("Method", CredentialMethods.DirectJwt);
    private static readonly (string, string) only = ("ClientCredentialsOnly", "true");
    private static readonly (string, string) oauth2 = ("Method", CredentialMethods.OAuth2);

    [TestCase(Address, false, Description = "Step 3: without credentials, the page itself.")]
    [TestCase(Generate, false)]
    [TestCase(Generate, true, Description = "Generate New Credentials, if there are some.")]
    public async Task The_page_is_step_3_of_the_setup_guide_to_the_letter(string address, bool hasCredentials)
    {
        await using var server = await Server();
        if (hasCredentials)
            await server.Generate(await OnlyAccount(server));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(address);

        var lastAt = -1;
        foreach (var line in guide)
        {
            var at = page.Text.IndexOf(line, lastAt + 1, StringComparison.Ordinal);
            Assert.That(at, Is.GreaterThan(lastAt), line);
            lastAt = at;
        }
        Assert.That(page.Headings, Is.SupersetOf(new[]
        {
            "Generate New Credentials", "Choose Your Authentication Method", "Important Security Information",
            "What happens next?",
        }));
        var cards = page.Document.QuerySelectorAll("label.card");
        Assert.That(cards.Select(card => card.QuerySelectorAll("input[type=radio]").Length), Is.EqualTo(new[] { 1, 1 }));
    }

    [Test]
    public async Task With_credentials_the_page_is_short_and_leads_to_the_form()
    {
        await using var server = await Server();
        await server.Generate(await OnlyAccount(server));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Document.QuerySelectorAll("label.card"), Is.Empty);
        Assert.That(page.Document.QuerySelectorAll("dl.facts > div"), Has.Exactly(5).Items);
        Assert.That(page.Document.QuerySelectorAll("main a.button").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Rotate", "Generate New Credentials", "Connect", "Test connection", "Revoke",
        }));
        Assert.That(page.Document.QuerySelector("a.danger")!.TextContent, Is.EqualTo("Revoke"));
    }

    [TestCase(false, "")]
    [TestCase(true, "FirstUse")]
    public async Task Credentials_in_use_are_not_replaced_before_the_new_ones_are_used(bool isUsed, string chosen)
    {
        await using var server = await Server();
        var current = await server.Generate(await OnlyAccount(server));
        if (isUsed)
            server.Services.GetRequiredService<CredentialUses>().Used(current.Set.Id, "203.0.113.7", "Okta");
        await server.WriteUses();
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Generate);

        var radio = page.Document.QuerySelectorAll("input[name=TakesOver]").Single(one => one.HasAttribute("checked"));
        Assert.That(radio.GetAttribute("value"), Is.EqualTo(chosen));
    }

    [TestCase("okta-app", "Enter the Okta app name or redirect URIs.")]
    [TestCase("client-credentials-only", "With client credentials only", "OtherRedirectUris", "https://client.example/")]
    public async Task An_OAuth_client_has_redirect_URIs_or_is_deliberately_without(
        string field, string reason, string? also = null, string? value = null)
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        (string, string)[] fields = also is null ? [oauth2] : [oauth2, only, (also, value!)];

        var refused = await browser.Submit(await browser.Open(Generate), Button, fields);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(Page.TextOf(refused.Document.QuerySelector($"#errors a[href='#{field}']")!), Does.StartWith(reason));
        Assert.That(await Sets(server), Is.Zero);
    }

    [Test]
    public async Task The_first_credentials_replace_none()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        var issued = await browser.Submit(await browser.Open(Generate), Button, jwt);

        Assert.That(issued.Text, Does.Contain("It is active now.").And.Not.Contain("no longer work"));
        Assert.That(issued.Text, Does.Contain("Important: The API token is displayed only once. Store it securely. "
            + "If you lose the token, you'll need to generate a new one."));
    }

    [Test]
    public async Task A_client_secret_can_expire()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        await browser.Submit(await browser.Open(Generate), Button, oauth2, only, ("SecretLifetimeDays", "730"));

        var set = await server.WithDatabase(db => db.CredentialSets.SingleAsync());
        Assert.That(set.ExpiresAt - set.CreatedAt, Is.EqualTo(TimeSpan.FromDays(730)));
    }

    [Test]
    public async Task A_direct_JWT_is_shown_once_and_works()
    {
        await using var server = await Server();
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(await browser.Open(Generate), Button, jwt);

        Assert.That(result.Status, Is.EqualTo(200));
        Assert.That(result.Header("Cache-Control"), Does.Contain("no-store"));
        Assert.That(result.Field("SCIM Base URL"), Is.EqualTo(AuthServer.ScimBaseUrl.ToString()));
        var token = result.Field("API Token");
        Assert.That((await scim.Introspect(token)).Active, Is.True);
        Assert.That(result.Text, Does.Contain("only once").And.Contain("Enable API integration"));
        foreach (var path in new[] { Address, "/" })
        {
            var later = await browser.Open(path);
            Assert.That(later.Html, Does.Not.Contain(token));
            Assert.That(later.Text, Does.Contain("Direct JWT Token").And.Contain($"ends in {token[^4..]}")
                .And.Contain("by ada@example.com"));
        }
    }

    [Test]
    public async Task A_direct_JWT_has_the_chosen_lifetime()
    {
        await using var server = await Server();
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(await browser.Open(Generate), Button, jwt, ("LifetimeDays", "90"));

        var introspection = await scim.Introspect(result.Field("API Token"));
        Assert.That(introspection.ExpiresIn, Is.EqualTo((long)TimeSpan.FromDays(90).TotalSeconds));
    }

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("2147483647")]
    public async Task An_invalid_lifetime_is_refused(string days)
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(await browser.Open(Generate), Button, jwt, ("LifetimeDays", days));

        Assert.That(result.Status, Is.EqualTo(400));
        Assert.That(result.Text, Does.Contain("A lifetime must be from"));
    }

    [Test]
    public async Task A_client_with_keys_has_no_secret_and_wrong_keys_are_refused()
    {
        await using var server = await Server();
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);
        var form = await browser.Open(Generate);

        var wrong = await browser.Submit(form, Button, oauth2, ("Jwks", "nonsense"), only);
        var result = await browser.Submit(form, Button, oauth2, ("Jwks", scim.Jwks), only);

        Assert.That(wrong.Status, Is.EqualTo(400));
        Assert.That(wrong.Text, Does.Contain("not a JWK set"));
        Assert.That(result.Status, Is.EqualTo(200));
        Assert.That(result.Text, Does.Contain("private_key_jwt"));
        Assert.That(result.Document.QuerySelector("#client-secret"), Is.Null);
        var later = await browser.Open(Address);
        Assert.That(later.Text, Does.Contain("authenticates with its key").And.Contain(result.Field("Client ID")));
    }

    [Test]
    public async Task PKCE_is_required_if_the_box_is_checked()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        const string uri = "https://client.example/callback";

        foreach (var requiresPkce in new[] { true, false })
        {
            (string, string)[] fields =
                [oauth2, ("OtherRedirectUris", uri), ("RequirePkce", requiresPkce ? "true" : "false")];
            var issued = await browser.Submit(await browser.Open(Generate), Button, fields);
            var asked = await browser.Open(
                $"/connect/authorize?response_type=code&client_id={issued.Field("Client ID")}&redirect_uri={uri}");
            Assert.That(asked.Status, Is.EqualTo(requiresPkce ? 302 : 200));
            Assert.That(asked.Location, requiresPkce ? Does.StartWith($"{uri}?error=invalid_request") : Is.Null);
        }
    }

    [Test]
    public async Task An_OAuth_client_for_Okta_is_shown_once_and_works()
    {
        await using var server = await Server();
        using var http = server.CreateClient();
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(await browser.Open(Generate), Button, oauth2, ("OktaApp", " scileads_1 "));

        Assert.That(result.Status, Is.EqualTo(200));
        Assert.That(result.Field("SCIM Base URL"), Is.EqualTo(AuthServer.ScimBaseUrl.ToString()));
        Assert.That(result.Field("Authorize URL"), Is.EqualTo($"{AuthServer.PublicUrl}connect/authorize"));
        Assert.That(result.Field("Token URL"), Is.EqualTo($"{AuthServer.PublicUrl}connect/token"));
        var (id, secret) = (result.Field("Client ID"), result.Field("Client Secret"));
        Assert.That(await http.ClientCredentialsToken(id, secret), Is.Not.Empty);
        Assert.That(await RedirectUrisOf(server, id), Is.EquivalentTo(RedirectUris.OfOktaApp("scileads_1")));
        Assert.That((await browser.Open(Address)).Html, Does.Not.Contain(secret).And.Contain(id));
    }

    [Test]
    public async Task Other_redirect_URIs_are_registered_as_typed()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(
            await browser.Open(Generate), Button, oauth2,
            ("OtherRedirectUris", "https://client.example/cb?x=1\r\n\r\n  http://127.0.0.1:8400/callback \r\n"));

        Assert.That(
            await RedirectUrisOf(server, result.Field("Client ID")),
            Is.EquivalentTo(new[] { "https://client.example/cb?x=1", "http://127.0.0.1:8400/callback" }));
    }

    [Test]
    public async Task Without_redirect_URIs_a_client_has_only_client_credentials_and_the_page_says_so()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        var result = await browser.Submit(await browser.Open(Generate), Button, oauth2, only);

        Assert.That(result.Text, Does.Contain("only the client credentials grant"));
        Assert.That(await RedirectUrisOf(server, result.Field("Client ID")), Is.Empty);
    }

    [TestCase("OtherRedirectUris", "http://client.example/cb", "must begin with https://")]
    [TestCase("OtherRedirectUris", "https://client.example/cb#part", "fragment")]
    [TestCase("OtherRedirectUris", "https://*.client.example/cb", "wildcard")]
    [TestCase("OtherRedirectUris", "https://user@client.example/cb", "user name")]
    [TestCase("OtherRedirectUris", "/callback", "not an absolute http or https address")]
    [TestCase("OtherRedirectUris", "javascript:alert(1)", "not an absolute http or https address")]
    [TestCase("OktaApp", "my app", "not a valid Okta app name")]
    public async Task A_redirect_URI_that_could_leak_a_code_is_refused_and_the_input_is_kept(
        string field, string typed, string reason)
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        var other = field == "OktaApp" ? ("OtherRedirectUris", "https://good.example/") : ("OktaApp", "good");

        var refused = await browser.Submit(await browser.Open(Generate), Button, oauth2, (field, typed), other);

        Assert.That(refused.Status, Is.EqualTo(400));
        var input = refused.Document.QuerySelector($"[name={field}]")!;
        Assert.That(input.GetAttribute("aria-invalid"), Is.EqualTo("true"));
        Assert.That(Page.TextOf(refused.Document.QuerySelector($"#{input.Id}-error")!), Does.Contain(reason));
        Assert.That(
            Page.TextOf(refused.Document.QuerySelector($"#errors a[href='#{input.Id}']")!), Does.Contain(reason));
        Assert.That(refused.Document.QuerySelectorAll("[aria-invalid]"), Has.Exactly(1).Items);
        Assert.That(refused.Document.QuerySelector("#oauth2[checked]"), Is.Not.Null);
        var kept = new[] { "Okta app name", "Other redirect URIs" }.Select(refused.Field);
        Assert.That(kept, Is.EquivalentTo(new[] { typed, other.Item2 }));
        Assert.That(await Sets(server), Is.Zero);
    }

    [Test]
    public async Task A_method_must_be_chosen()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);

        var refused = await browser.Submit(await browser.Open(Generate), Button);

        Assert.That(refused.Status, Is.EqualTo(400));
        Assert.That(refused.Text, Does.Contain("Choose an authentication method."));
        Assert.That(await Sets(server), Is.Zero);
    }

    [Test]
    public async Task A_double_click_generates_one_set_and_shows_its_secret_twice()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open(Address);

        var answers = await Task.WhenAll(browser.Submit(page, Button, jwt), browser.Submit(page, Button, jwt));

        Assert.That(answers.Select(answer => answer.Status), Is.All.EqualTo(200));
        Assert.That(answers.Select(answer => answer.Field("API Token")).Distinct(), Has.Exactly(1).Items);
        Assert.That(await Sets(server), Is.EqualTo(1));
    }

    [Test]
    public async Task Of_two_concurrent_tabs_one_generates_a_set_and_the_other_is_told_who_did_and_when()
    {
        await using var server = await Server();
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open(Generate);

        var tab = await browser.Open(Generate);

        var answers = await Task.WhenAll(browser.Submit(page, Button, jwt), browser.Submit(tab, Button, jwt));

        Assert.That(answers.Select(answer => answer.Status), Is.EquivalentTo(new[] { 200, 409 }));
        var shown = answers.Single(answer => answer.Status == 200).Field("API Token");
        var refused = answers.Single(answer => answer.Status == 409);
        var when = server.Time.GetUtcNow().ToString("yyyy-MM-dd 'at' HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        Assert.That(refused.Text, Does.Contain($"ada@example.com generated new credentials on {when}"));
        Assert.That(refused.Text, Does.Contain($"ending in {shown[^4..]}"));
        Assert.That(refused.Html, Does.Not.Contain(shown));
        Assert.That((await scim.Introspect(shown)).Active, Is.True);
    }

    [Test]
    public async Task Reloading_the_result_after_ten_minutes_changes_nothing_and_does_not_show_the_secret()
    {
        await using var server = await Server();
        using var scim = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);
        await server.Generate(await OnlyAccount(server));
        var page = await browser.Open(Generate);
        var token = (await browser.Submit(page, Button, jwt)).Field("API Token");

        server.Time.Advance(TimeSpan.FromMinutes(10));
        await browser.Submit(await browser.Open("/security/confirm"), "Confirm", ("password", AuthServer.Password));
        var reloaded = await browser.Submit(page, Button, jwt);

        Assert.That(reloaded.Status, Is.EqualTo(409));
        Assert.That(reloaded.Html, Does.Not.Contain(token));
        Assert.That((await scim.Introspect(token)).Active, Is.True);
    }

    [Test]
    public async Task Of_two_administrators_the_second_is_told_of_the_first_and_can_generate_again()
    {
        await using var server = await Server();
        await server.CreateAdministrator(await OnlyAccount(server), "bob@example.com");
        using var scim = await ResourceServer.Register(server);
        using var ada = await Browser.SignedIn(server);
        using var bob = await Browser.SignedIn(server, "bob@example.com");
        var bobs = await bob.Open(Generate);
        var token = (await ada.Submit(await ada.Open(Generate), Button, jwt)).Field("API Token");

        var refused = await bob.Submit(bobs, Button, oauth2, only);

        Assert.That(refused.Status, Is.EqualTo(409));
        Assert.That(refused.Text, Does.Contain("ada@example.com generated new credentials"));
        Assert.That((await scim.Introspect(token)).Active, Is.True);
        Assert.That(refused.Text, Does.Contain($"The API token ending in {token[^4..]}"), "what generating again replaces");
        Assert.That((await bob.Submit(refused, Button)).Status, Is.EqualTo(200));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [Test]
    public async Task If_SCIM_is_not_enabled_there_is_no_form_but_the_address_of_support()
    {
        await using var server = await Server(new AccountChange(ScimEnabled: false));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(403));
        Assert.That(page.Text, Does.Contain("not enabled").And.Contain("support@scileads.com"));
        Assert.That(page.Document.QuerySelector("main a[href='mailto:support@scileads.com']"), Is.Not.Null);
        Assert.That(page.Document.QuerySelectorAll("main form"), Is.Empty);
    }

    [Test]
    public async Task A_form_that_was_open_when_SCIM_was_disabled_generates_nothing()
    {
        await using var server = await Server();
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open(Generate);
        var account = await OnlyAccount(server);
        await server.With<AccountRegister, Account>(
            accounts => accounts.Update(account.Id, new(ScimEnabled: false), CancellationToken.None));

        var refused = await browser.Submit(page, Button, jwt);

        Assert.That(refused.Status, Is.EqualTo(403));
        Assert.That(refused.Text, Does.Contain("support@scileads.com"));
        Assert.That(refused.Document.QuerySelectorAll("main form"), Is.Empty);
        Assert.That(await Sets(server), Is.Zero);
    }

    // The lines of the guide, in its order.
    private static readonly string[] guide =
    [
        "Generate new SCIM service authentication credentials",
        "Choose Your Authentication Method",
        "Select the authentication method that best fits your SCIM provider's capabilities.",
        "Important Security Information",
        "The client secret will be shown only once after generation",
        "Store the credentials securely in your application configuration",
        "You can only have one active set of credentials per account",
        "These credentials provide full access to your SCIM service endpoints",
        "OAuth 2.0 Flow",
        "Full OAuth 2.0 authorization code flow with client credentials.",
        "Best for enterprise SCIM providers like Okta, Azure AD.",
        "Choose OAuth 2.0",
        "Direct JWT Token",
        "Pre-generated JWT bearer token for direct API authentication.",
        "Perfect for providers that don't support OAuth flows.",
        "Choose JWT Token",
        "Generate Credentials",
        "What happens next?",
        "JWT Token Generated Bearer token created and displayed",
        "Copy Token Save token securely (shown only once)",
        "Configure Provider Add as Bearer token in SCIM provider settings",
    ];

    private static async Task<AuthServer> Server(AccountChange? settings = null)
    {
        var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount("Demo", settings));
        return server;
    }

    private static Task<Account> OnlyAccount(AuthServer server) => server.WithDatabase(db => db.Accounts.SingleAsync());

    private static Task<int> Sets(AuthServer server) => server.WithDatabase(db => db.CredentialSets.CountAsync());

    private static Task<List<string>> RedirectUrisOf(AuthServer server, string clientId) =>
        server.With<ClientManager, List<string>>(async clients =>
            [.. await clients.GetRedirectUrisAsync((await clients.FindByClientIdAsync(clientId))!)]);
}
