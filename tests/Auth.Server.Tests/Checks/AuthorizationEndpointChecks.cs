using System.Net;
using System.Net.Sockets;
using System.Web;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>Hostile requests to the authorization endpoint.</summary>
internal sealed class AuthorizationEndpointChecks
{
    private AuthServer server = null!;
    private AllowedClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        client = await AllowedClient.Of(server);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("https://client.example/callback/")]
    [TestCase("https://client.example/callback/evil")]
    [TestCase("https://client.example/callback/../evil")]
    [TestCase("https://client.example/callback?x=1")]
    [TestCase("https://client.example/callback?")]
    [TestCase("https://client.example/callback#")]
    [TestCase("https://client.example/callback#x")]
    [TestCase("https://client.example/Callback")]
    [TestCase("https://client.example/%63allback")]
    [TestCase("https://client.example/%2e%2e/callback")]
    [TestCase("https://client.example.evil.example/callback")]
    [TestCase("https://evil.example\\@client.example/callback")]
    [TestCase("https://client.example@evil.example/callback")]
    [TestCase("https://user@client.example/callback")]
    [TestCase("https://client.example:8443/callback")]
    [TestCase("http://client.example/callback")]
    [TestCase("//client.example/callback")]
    [TestCase("/callback")]
    [TestCase("javascript:alert(1)")]
    [TestCase("https://client.example/callback\r\nSet-Cookie: a=b")]
    [Category("Check 01")]
    [Category("Check 02")]
    public async Task Only_the_registered_redirect_URI_is_used(string redirectUri)
    {
        var refused = await client.Ask(
            $"/connect/authorize?response_type=code&client_id={client.Issued.Set.ClientId}"
            + $"&redirect_uri={Uri.EscapeDataString(redirectUri)}");

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
        Assert.That(refused.Header("Set-Cookie") ?? "", Does.Not.Contain("a=b"));
    }

    [Test]
    [Category("Check 03")]
    public async Task With_several_redirect_URIs_the_request_must_name_one()
    {
        var account = await server.CreateAccount("several");
        var issued = await server.Generate(
            account, CredentialMethods.OAuth2, "https://one.example/callback", "https://two.example/callback");

        var refused = await client.Ask($"/connect/authorize?response_type=code&client_id={issued.Set.ClientId}");

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
    }

    [TestCase("token")]
    [TestCase("id_token")]
    [TestCase("code token")]
    [TestCase("code id_token token")]
    [TestCase("none")]
    [TestCase("")]
    [TestCase("nonsense")]
    [Category("Check 04")]
    public async Task No_token_is_sent_through_the_browser(string responseType)
    {
        var refused = await client.Ask(client.Request().Replace(
            "response_type=code", $"response_type={Uri.EscapeDataString(responseType)}", StringComparison.Ordinal));

        Assert.That(refused.Location ?? "", Does.Not.Contain("token=").And.Not.Contain("code=").And.Not.Contain("#"));
        var error = refused.Location is { } location
            ? HttpUtility.ParseQueryString(new Uri(location).Query)["error"]
            : refused.Text;
        Assert.That(error, Does.Contain("unsupported_response_type").Or.Contain("invalid_request"));
    }

    [Test]
    [Category("Check 08")]
    public async Task A_URL_in_a_request_is_not_fetched()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        foreach (var parameter in new[]
        {
            $"&request_uri=http://127.0.0.1:{port}/request", "&request=eyJhbGciOiJub25lIn0.e30.",
            $"&resource=http://127.0.0.1:{port}/",
        })
        {
            var refused = await client.Ask(client.Request(parameter));
            Assert.That(refused.Html, Does.Not.Contain(">Allow<"), parameter);
            Assert.That(refused.Location ?? "error=", Does.Contain("error="), parameter);
        }

        Assert.That(listener.Pending(), Is.False, "nothing was fetched");
    }

    [TestCase("nobody")]
    [TestCase("")]
    [TestCase("' OR 1=1 --")]
    [TestCase("4b8f2d0e-0000-4000-8000-000000000000")]
    [Category("Check 09")]
    public async Task An_unknown_client_leads_to_no_redirect(string clientId)
    {
        var refused = await client.Ask(
            $"/connect/authorize?response_type=code&client_id={Uri.EscapeDataString(clientId)}"
            + $"&redirect_uri={Uri.EscapeDataString(AllowedClient.RedirectUri)}");

        Assert.That((refused.Status, refused.Location), Is.EqualTo((400, (string?)null)));
        Assert.That(refused.Headings, Is.EqualTo(new[] { "This request cannot be authorized" }));
    }

    [Test]
    [Category("Check 11")]
    public async Task The_consent_page_cannot_be_framed_stored_or_leaked()
    {
        var consent = await client.Ask();

        Assert.That(consent.Text, Does.Contain("Allow"));
        Assert.That(consent.Header("X-Frame-Options"), Is.EqualTo("DENY"));
        Assert.That(consent.Header("Content-Security-Policy"), Does.Contain("frame-ancestors 'none'"));
        Assert.That(consent.Header("Referrer-Policy"), Is.EqualTo("no-referrer"));
        Assert.That(consent.Header("Cache-Control"), Does.Contain("no-store"));
    }

    [Test]
    [Category("Check 12")]
    public async Task A_consent_that_another_site_posts_is_refused()
    {
        using var browser = await Browser.SignedIn(server);

        foreach (var token in new[] { null, "", "nonsense" })
        {
            var forged = await browser.Post(
                client.Request(),
                [("decision", "allow"), .. token is null ? Array.Empty<(string, string)>() : [("__RequestVerificationToken", token)]]);
            Assert.That((forged.Status, forged.Location), Is.EqualTo((400, (string?)null)), token);
        }
    }

    [TestCase("a\r\nSet-Cookie: evil=1")]
    [TestCase("<script>alert(1)</script>")]
    [TestCase("\"onload=\"x")]
    [TestCase("ü💥")]
    [Category("Check 07")]
    public async Task State_is_returned_unchanged_with_the_issuer(string state)
    {
        using var browser = await Browser.SignedIn(server);
        var consent = await browser.Open(client.Request($"&state={Uri.EscapeDataString(state)}"));

        var allowed = await browser.Submit(consent, "Allow");

        Assert.That(consent.Html, Does.Not.Contain("<script>alert").And.Not.Contain("\"onload="));
        Assert.That(allowed.Header("Set-Cookie") ?? "", Does.Not.Contain("evil"));
        var answer = HttpUtility.ParseQueryString(new Uri(allowed.Location!).Query);
        Assert.That(answer["state"], Is.EqualTo(state));
        Assert.That(answer["iss"], Is.EqualTo(AuthServer.PublicUrl.ToString()), "against mix-up (RFC 9207)");
    }

    [TestCase("https://evil.example/")]
    [TestCase("//evil.example/")]
    [TestCase("/\\evil.example/")]
    [TestCase("/\t/evil.example/")]
    [TestCase("javascript:alert(1)")]
    [TestCase("/%0d%0aSet-Cookie:a=b")]
    public async Task Signing_in_and_out_does_not_redirect_to_other_sites(string returnUrl)
    {
        using var browser = Browser.At(server);
        var signIn = await browser.Open($"/sign-in?returnUrl={Uri.EscapeDataString(returnUrl)}");
        var inside = await browser.Submit(
            signIn, "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));

        Assert.That(inside.Location, Is.EqualTo("/").Or.EqualTo("/%0d%0aSet-Cookie:a=b"));
        Assert.That(inside.Header("Set-Cookie"), Does.Not.Contain("a=b"));
    }
}
