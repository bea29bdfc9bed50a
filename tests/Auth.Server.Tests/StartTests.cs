using System.Net;
using Shared.Hosting;

namespace Auth.Server.Tests;

/// <summary>The behaviour of a server that has just started, for any caller.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class StartTests
{
    [TestCase("/health/live")]
    [TestCase("/health/ready")]
    [TestCase("/.well-known/oauth-authorization-server")]
    [TestCase("/.well-known/jwks")]
    public async Task A_new_server_answers(string path)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("/.well-known/oauth-authorization-server", "\"http://localhost:5001/\"")]
    [TestCase("/scim-credentials", "^/sign-in", Description = "Redirects to the sign-in of the same host.")]
    public async Task No_URL_is_built_from_the_host_of_a_request(string path, string says)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Host = "evil.example";
        request.Headers.Add("X-Forwarded-Host", "evil.example");
        using var response = await client.SendAsync(request);
        var said = $"{response.Headers.Location} {await response.Content.ReadAsStringAsync()}";
        Assert.That(said, Does.Match(says).And.Not.Contain("evil"));
    }

    [TestCase("TRACE", "/")]
    [TestCase("TRACE", "/settings/user-management")]
    [TestCase("DELETE", "/sign-in")]
    public async Task A_page_accepts_only_GET_HEAD_and_POST(string method, string path)
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        using var response = await client.SendAsync(new(new(method), new Uri(path, UriKind.Relative)));
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.MethodNotAllowed));
        Assert.That(response.Headers.Contains("Server"), Is.False);
    }

    [Test]
    public void A_missing_setting_is_reported_in_a_sentence() => Assert.That(
        () => Program.Build(["--ConnectionStrings:Auth=Data Source=auth.db"]),
        Throws.TypeOf<OperatorException>().With.Message.Contains("Auth:DataDirectory is not set."));

    [TestCase("--Auth:PublicUrl=http://iam.example.com", "Auth:PublicUrl must begin with https://")]
    [TestCase("--Auth:ScimBaseUrl=http://iam.example.com/scim/v2", "Auth:ScimBaseUrl must begin with https://")]
    [TestCase("--Auth:ScimBaseUrl=/scim/v2", "Auth:ScimBaseUrl must begin with https://")]
    [TestCase("--Auth:ScimBaseUrl=ftp://localhost/scim/v2", "Auth:ScimBaseUrl must begin with https://")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/scim", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/SCIM/V2", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/scim/v2/Users", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/?x=/scim/v2", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/scim/v2?x=1", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://iam.example.com/#/scim/v2", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:ScimBaseUrl=https://user@iam.example.com/scim/v2", "Auth:ScimBaseUrl must end in /scim/v2")]
    [TestCase("--Auth:KnownProxies:0=*", "not a valid IP address")]
    [TestCase("--Auth:KnownProxies:0=0.0.0.0", "every address")]
    [TestCase("--Auth:KnownProxies:0=::", "every address")]
    [TestCase("--Auth:PlainHttpFrom:0=0.0.0.0/0", "the whole internet")]
    [TestCase("--Auth:PlainHttpFrom:0=::/0", "the whole internet")]
    [TestCase("--Auth:PlainHttpFrom:0=10.0.0.0", "not a network")]
    [TestCase("--Auth:Limits:FailuresPerClient=0", "Auth:Limits:FailuresPerClient")]
    [TestCase("--Auth:AccessTokenLifetime=7.00:00:00", "AccessTokenLifetime")]
    [TestCase("--Smtp:Host=mail.example.com", "Smtp:From is not set.")]
    [TestCase("--Smtp:From=no-reply@example.com", "Smtp:Host is not set, but other settings")]
    [TestCase("--Smtp:Port=0", "Smtp:Port must be from 1 to 65535.")]
    [TestCase("--Smtp:Security=Maybe", "Smtp:Security is \"Maybe\", which is not a valid value: StartTls, Tls, None.")]
    [TestCase("--Smtp:Security=7", "Smtp:Security must be StartTls, Tls or None.")]
    public void An_unsafe_setting_is_reported_in_a_sentence(string setting, string sentence) => Assert.That(
        async () => await AuthServer.Start(setting),
        Throws.TypeOf<OperatorException>().With.Message.Contains(sentence));

    [Test]
    public void All_faults_of_the_mail_server_are_reported_with_the_others() => Assert.That(
        async () => await AuthServer.Start(
            "--Auth:Limits:FailuresPerClient=0", "--Smtp:Host=mail server", "--Smtp:From=nobody", "--Smtp:User=me"),
        Throws.TypeOf<OperatorException>().With.Message.Contains("Auth:Limits:FailuresPerClient")
            .And.Message.Contains("Smtp:Host is mail server, which is not a host name or an IP address.")
            .And.Message.Contains("Smtp:From is nobody, which is not a valid e-mail address.")
            .And.Message.Contains("Smtp:User and Smtp:Password must be set together."));

    [Test]
    public void Mail_and_passwords_leave_this_machine_only_encrypted() => Assert.That(
        async () => await AuthServer.Start(
            "--Smtp:Host=mail.example.com", "--Smtp:Security=None", "--Smtp:From=no-reply@example.com"),
        Throws.TypeOf<OperatorException>().With.Message.Contains("Smtp:Security can be None only if"));

    [TestCase("https://iam.example.com/scim/v2")]
    [TestCase("https://iam.example.com/scim/v2/")]
    [TestCase("https://example.com/behind/a/proxy/scim/v2")]
    public async Task A_SCIM_base_URL_must_end_in_its_path(string address) =>
        await (await AuthServer.Start($"--Auth:ScimBaseUrl={address}")).DisposeAsync();

    [Test]
    public void The_Development_environment_is_only_for_this_machine() => Assert.That(
        async () => await AuthServer.Start("--environment=Development", "--Auth:PublicUrl=https://iam.example.com"),
        Throws.TypeOf<OperatorException>().With.Message.Contains("Development"));

    [TestCase("data/keys.pfx")]
    [TestCase("auth.db")]
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public async Task A_secrets_file_that_others_can_read_stops_startup(string name)
    {
        if (SciLeads.Tests.TestPostgres.IsWanted && name == "auth.db")
            Assert.Pass("PostgreSQL guards its files itself.");
        await using var server = await AuthServer.Start();
        var file = Path.Combine(Path.GetDirectoryName(server.DataDirectory)!, name);
        var mode = File.GetUnixFileMode(file);
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite), "as the server creates it");

        File.SetUnixFileMode(file, mode | UnixFileMode.OtherRead);

        Assert.That(
            () => Program.Build(
            [
                "--ConnectionStrings:Auth=Data "
                + $"Source={Path.Combine(Path.GetDirectoryName(server.DataDirectory)!, "auth.db")}",
                $"--Auth:PublicUrl={AuthServer.PublicUrl}", $"--Auth:DataDirectory={server.DataDirectory}",
            ]),
            Throws.TypeOf<OperatorException>().With.Message.Contains($"chmod 600 {file}"));
    }

    [TestCase("203.0.113.7", null, 400)]
    [TestCase("203.0.113.7", "http", 400)]
    [TestCase("203.0.113.7", "https", 200)]
    [TestCase("::ffff:203.0.113.7", "http", 400)]
    [TestCase("10.1.2.3", "http", 200)]
    [TestCase(null, null, 200)]
    public async Task With_an_https_address_plain_http_is_refused(
        string? from, string? scheme, int status)
    {
        await using var server = await AuthServer.Start(
            "--Auth:PublicUrl=https://iam.example.com", "--Auth:KnownProxies:0=127.0.0.1",
            "--Auth:PlainHttpFrom:0=10.0.0.0/8");
        using var client = server.CreateClient();
        if (from is not null)
            client.DefaultRequestHeaders.Add("X-Forwarded-For", from);
        if (scheme is not null)
            client.DefaultRequestHeaders.Add("X-Forwarded-Proto", scheme);

        using var page = await client.GetAsync(new Uri("/sign-in", UriKind.Relative));
        using var probe = await client.GetAsync(new Uri("/health/live", UriKind.Relative));

        Assert.That((int)page.StatusCode, Is.EqualTo(status));
        Assert.That((int)probe.StatusCode, Is.EqualTo(200));
        if (status == 200)
            Assert.That(page.Headers.GetValues("Strict-Transport-Security").Single(), Does.Contain("max-age=31536000"));
        else
            Assert.That(page.Headers.Contains("Set-Cookie"), Is.False);
    }

    [Test]
    public async Task Forwarded_headers_are_accepted_only_from_known_proxies()
    {
        await using var server = await AuthServer.Start(
            "--Auth:KnownProxies:0=192.0.2.1", "--Auth:Limits:FailuresPerClient=1");
        using var client = server.CreateClient();
        var statuses = new List<HttpStatusCode>();

        for (var i = 0; i < 3; i++)
        {
            client.DefaultRequestHeaders.Remove("X-Forwarded-For");
            client.DefaultRequestHeaders.Add("X-Forwarded-For", $"203.0.113.{i}");
            using var content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials", ["client_id"] = "x", ["client_secret"] = "y",
            });
            using var response = await client.PostAsync(new Uri("/connect/token", UriKind.Relative), content);
            statuses.Add(response.StatusCode);
        }

        Assert.That(statuses, Does.Contain(HttpStatusCode.TooManyRequests), "they are all of one address");
    }
}
