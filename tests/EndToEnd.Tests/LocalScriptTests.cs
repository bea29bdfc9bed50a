using System.Net;
using System.Net.Sockets;

namespace EndToEnd.Tests;

/// <summary><c>deploy/local.sh</c>: a restart keeps everything, and every error is one sentence.</summary>
internal sealed class LocalScriptTests : EndToEndTest
{
    // A separate system, because tests stop and restart it; a test may find it stopped.
    private LocalSystem system = null!;

    [OneTimeSetUp]
    public async Task StartSystem() => system = await LocalSystem.StartNew();

    [OneTimeTearDown]
    public async Task StopSystem() => await system.DisposeAsync();

    [Test]
    public async Task A_restart_keeps_everything_and_generates_nothing()
    {
        await system.Restart("--fresh");
        var before = await File.ReadAllTextAsync(Path.Combine(system.Data, "local.env"));
        using var scim = system.Scim(system["SCIM_TOKEN"]);
        var id = (string)(await scim.Create("kept@demo.example"))["id"]!;
        var portal = await OpenBrowser(system);
        await portal.SignIn(system["ADMIN_EMAIL"], system["ADMIN_PASSWORD"]);

        await system.Restart();

        Assert.That(await File.ReadAllTextAsync(Path.Combine(system.Data, "local.env")), Is.EqualTo(before));
        Assert.That((await scim.Get($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.OK));
        await portal.Open("/settings/user-management");
        Assert.That(await portal.Page.InnerTextAsync("main"), Does.Contain("kept@demo.example"), "still signed in");

        // A set generated elsewhere ends SCIM_TOKEN; local.sh must not replace that set.
        await system.Auth("credentials", "generate", "--account", system["ACCOUNT_ID"], "--method", "direct-jwt");
        var generated = await system.Auth("credentials", "show", "--account", system["ACCOUNT_ID"]);
        await system.Restart();

        Assert.That(system["SCIM_TOKEN"], Is.Empty);
        Assert.That(system.Output, Does.Contain("SCIM_TOKEN is empty"));
        var current = await system.Auth("credentials", "show", "--account", system["ACCOUNT_ID"]);
        Assert.That(current.ToJsonString(), Is.EqualTo(generated.ToJsonString()));
    }

    [Test]
    public async Task Commands_work_while_no_server_runs()
    {
        await system.Stop();

        var customer = await Customer.Open(system);
        var token = await customer.GenerateToken();
        await system.Start();

        using var scim = system.Scim(token);
        Assert.That((await scim.Test()).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task An_interrupted_first_start_is_completed_by_the_next_start()
    {
        await system.Stop();
        // As after a start that was killed before it had created the demo users.
        File.Move(Path.Combine(system.Data, "demo.env"), Path.Combine(system.Data, "demo.env.unfinished"));
        File.Delete(Path.Combine(system.Data, "local.env"));

        await system.Start();

        using var scim = system.Scim(system["SCIM_TOKEN"]);
        Assert.That((int?)(await scim.Test())["totalResults"], Is.EqualTo(3));
    }

    [Test]
    public async Task Fresh_starts_from_scratch()
    {
        var before = system["ACCOUNT_ID"];

        // Like most people, with servers that the script builds.
        system.IsBuilt = true;
        await system.Restart("--fresh");
        system.IsBuilt = false;

        Assert.That(system["ACCOUNT_ID"], Is.Not.EqualTo(before));
    }

    [Test]
    public async Task External_databases_can_be_used_after_the_data_directory_was_deleted()
    {
        await using var system = new LocalSystem();
        using var folder = new TemporaryFolder();
        string?[] external = [$"Data Source={folder.Path}/auth.db", $"Data Source={folder.Path}/scim.db"];
        Use(external);
        try
        {
            await system.Start();
            var customer = await Customer.Open(system);
            await system.Restart("--fresh");
            await RequireCustomer("after --fresh");

            // The variables are no longer set, but the databases still exist.
            Use([null, null]);
            await system.Restart("--fresh");
            Use(external);
            await system.Restart("--fresh");
            await RequireCustomer("after --fresh without the databases");

            await system.Stop();
            File.Move(Path.Combine(system.Data, "demo.env"), Path.Combine(system.Data, "demo.env.unfinished"));
            await system.Start();
            await RequireCustomer("after an interrupted first start");

            async Task RequireCustomer(string when)
            {
                using var provider = system.Scim(await customer.GenerateToken());
                Assert.That((await provider.Test()).Status, Is.EqualTo(HttpStatusCode.OK), when);
                var portal = await OpenBrowser(system);
                await portal.SignIn(system["ADMIN_EMAIL"], system["ADMIN_PASSWORD"]);
            }
        }
        finally
        {
            Use([null, null]);
        }

        void Use(string?[] databases)
        {
            Environment.SetEnvironmentVariable("ConnectionStrings__Auth", databases[0]);
            Environment.SetEnvironmentVariable("ConnectionStrings__Scim", databases[1]);
        }
    }

    [Test]
    public async Task Behind_a_public_address_everything_uses_it()
    {
        await using var proxy = new TlsProxy();
        var customer = await Customer.Open(system);
        await system.Restart("--public-url", proxy.PublicUrl);
        await proxy.Start(system.AuthPort, system.ScimPort);
        Assert.That(system.AuthUrl, Is.EqualTo(proxy.PublicUrl));
        Assert.That(system.ScimBaseUrl, Is.EqualTo($"{proxy.PublicUrl}/scim/v2"));

        var portal = await SignIn(customer);
        var token = await portal.GenerateToken();

        Assert.That(await portal.ValueOf("SCIM Base URL"), Is.EqualTo(system.ScimBaseUrl));
        var cookies = await portal.Page.Context.CookiesAsync();
        Assert.That(cookies.Select(cookie => (cookie.Name[..7], cookie.Secure)), Has.All.EqualTo(("__Host-", true)));
        using var scim = system.Scim(token);
        var created = await scim.Create("ann@public.example");
        Assert.That(
            (string?)created["meta"]!["location"], Does.StartWith($"{system.ScimBaseUrl}/Users/"), created.ToString());
        var set = await system.Auth("credentials", "generate", "--account", customer.AccountId, "--method", "oauth2");
        Assert.That((string?)set["tokenUrl"], Is.EqualTo($"{proxy.PublicUrl}/connect/token"));
        // The first token of the demo has the address at which it was issued.
        Assert.That(system["SCIM_TOKEN"], Is.Empty);

        await system.Restart();
        Assert.That(system.AuthUrl, Is.EqualTo($"http://localhost:{system.AuthPort}"));
    }

    [Test]
    public async Task Ctrl_C_ends_both_servers()
    {
        await system.Stop();
        // Tests that run in the background ignore Ctrl-C, and so would the programs that they start.
        using var script = Script.Start("env", ["--default-signal=INT", Script.LocalSh, .. system.Place]);
        await Script.ReadUntil(script, line => line.StartsWith("Ctrl-C", StringComparison.Ordinal));
        int[] servers = [system.PidOf("auth-server"), system.PidOf("scim-api")];

        // Bash can miss the signal while it starts a program, so people press the keys again.
        for (var times = 0; times < 6 && !script.HasExited; times++)
        {
            await Script.Run("kill", "-INT", script.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await Task.WhenAny(script.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(20)));
        }

        Assert.That(script.HasExited);

        Assert.That(servers.Where(pid => Directory.Exists($"/proc/{pid}")), Is.Empty);
    }

    [Test]
    public async Task A_port_in_use_is_reported_in_one_sentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

        using var data = new TemporaryFolder();
        await RequireSentence($"Port {port} is in use", "--data", data.Path, "--auth-port", port);
    }

    [Test]
    public Task A_second_start_on_the_same_data_is_refused() =>
        RequireSentence("Already running", Local.Place);

    [TestCase("There is no option --frsh.", "--frsh")]
    [TestCase("/usr has no published servers.", "--servers", "/usr", "--data", "/tmp")]
    [TestCase("--data needs a value.", "--data")]
    [TestCase("70000 is not a valid port", "--auth-port", "70000")]
    [TestCase("different ports", "--auth-port", "6000", "--scim-port", "6000")]
    [TestCase("is not a valid public address", "--public-url", "http://iam.customer.example")]
    [TestCase("is not a valid public address", "--public-url", "https://iam.customer.example/auth")]
    [TestCase("/proc/nothing cannot be created", "--data", "/proc/nothing")]
    [TestCase("/dev/null cannot be created", "--data", "/dev/null")]
    public Task A_wrong_option_is_reported_in_one_sentence(string sentence, params string[] options) =>
        RequireSentence(sentence, options);

    [Test]
    public async Task A_missing_SDK_is_reported_in_one_sentence()
    {
        // A machine that has everything except the SDK.
        using var tools = new TemporaryFolder();
        foreach (var tool in new[] { "bash", "cat", "dirname", "mkdir", "rm" })
            File.CreateSymbolicLink(Path.Combine(tools.Path, tool), $"/bin/{tool}");

        var ended = await Script.Run(
            "/usr/bin/env", $"PATH={tools.Path}", "bash", Script.LocalSh, "--data", tools.Path);

        Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
        Assert.That(ended.Error, Does.Contain("The .NET 10 SDK is not installed"));
    }

    [Test]
    public async Task A_server_that_crashes_ends_the_run_and_its_last_log_lines_are_shown()
    {
        await system.Stop();
        // Tests that run in the background ignore Ctrl-C, and so would the programs that they start.
        using var script = Script.Start("env", ["--default-signal=INT", Script.LocalSh, .. system.Place]);
        await Script.ReadUntil(script, line => line.StartsWith("Ctrl-C", StringComparison.Ordinal));
        var other = system.PidOf("auth-server");

        system.Kill("scim-api");
        await script.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.That(script.ExitCode, Is.EqualTo(1));
        var last = File.ReadLines(Path.Combine(system.Data, "logs", "scim-api.log")).Last(line => line.Trim() != "")
            .Trim();
        Assert.That(
            await script.StandardError.ReadToEndAsync(), Does.Contain(
                "scim-api ended unexpectedly").And.Contains(last));
        Assert.That(Directory.Exists($"/proc/{other}"), Is.False);
    }

    private static async Task RequireSentence(string sentence, params string[] options)
    {
        var ended = await Script.Run(Script.LocalSh, options);

        Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
        Assert.That(ended.Error, Does.StartWith("local.sh: ").And.Contains(sentence));
        Assert.That(ended.Error.Trim(), Does.Not.Contain('\n'));
    }
}
