using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace EndToEnd.Tests;

/// <summary><c>tests/conformance.sh</c>, which a customer's engineer runs before going live.</summary>
internal sealed class ConformanceTests : EndToEndTest
{
    private static readonly string script = Path.Combine(Script.Repository, "tests", "conformance.sh");

    [TestCase("okta")]
    [TestCase("entra")]
    [TestCase("onelogin")]
    [TestCase("jumpcloud")]
    [TestCase("ping")]
    [TestCase("google")]
    [TestCase("authentik")]
    [TestCase("painpoints")]
    public async Task All_clients_pass_against_the_real_servers(string client)
    {
        var customer = await Customer.Open(Local);
        var token = await customer.GenerateToken();

        var ended = await Script.Run(script, "--base", Local.ScimBaseUrl, "--token", token, "--client", client);

        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.Output, Does.Contain("0 failed, 0 not run.").And.Contains(" passed "));
            Assert.That(ended.Output, Does.Contain("All users that were created are deleted."));
            Assert.That(ended.Output + ended.Error, Does.Not.Contain(token));
            Assert.That(await UsersOf(token), Is.Empty);
        }
    }

    [Test]
    public async Task The_run_can_be_repeated_while_other_users_come_and_go()
    {
        var customer = await Customer.Open(Local);
        var token = await customer.GenerateToken();
        using var scim = Local.Scim($"Bearer {token}");
        for (var i = 0; i < 4; i++)
            await scim.Create($"stranger{i}@example.com");
        for (var runs = 0; runs < 2; runs++)
        {
            var ended = await Script.Run(
                script, "--base", Local.ScimBaseUrl, "--token", token, "--client", "entra", "--client", "painpoints");
            Assert.That(ended.Output, Does.Contain("0 failed, 0 not run."));
        }
    }

    [Test]
    public async Task A_server_that_ignores_patches_fails()
    {
        var (ended, others, token) = await RunAgainst(FaultyProxy.IgnoresPatches, "okta");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
            Assert.That(ended.Output, Does.Match(@"okta +crud-oin +FAILED +\d+ deactivate: PATCH without a path"));
            Assert.That(ended.Output, Does.Contain("response.active: expected false, got true"));
            Assert.That(await UsersOf(token), Is.EqualTo(others));
        }
    }

    [Test]
    public async Task A_server_that_ignores_filters_fails_and_other_users_are_unchanged()
    {
        var (ended, others, token) = await RunAgainst(FaultyProxy.IgnoresFilters, "jumpcloud");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
            Assert.That(ended.Output, Does.Contain("whom this run did not create; nothing was sent"));
            Assert.That(await UsersOf(token), Is.EqualTo(others));
        }
    }

    [Test]
    public async Task Users_whose_creation_got_no_response_are_also_deleted()
    {
        var (ended, others, token) = await RunAgainst(FaultyProxy.LosesCreates, "google");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
            Assert.That(await UsersOf(token), Is.EqualTo(others));
        }
    }

    [Test]
    public async Task Requests_to_a_busy_server_are_retried()
    {
        var (ended, _, _) = await RunAgainst(FaultyProxy.Busy(times: 2), "google");

        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        Assert.That(ended.Output, Does.Contain("The server asked for pauses, 2 seconds in total."));
    }

    [Test]
    public async Task Ctrl_C_deletes_the_users_of_the_run()
    {
        var customer = await Customer.Open(Local);
        var token = await customer.GenerateToken();
        // When the client sends a PATCH, the user exists.
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var proxy = await new FaultyProxy(Local.ScimBaseUrl, WaitsAtPatch).Start();
        using var run = Script.Start(
            "env", "--default-signal=INT", script, "--base", proxy.BaseUrl, "--token", token, "--client", "google");
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(2));
        Assert.That(await UsersOf(token), Is.Not.Empty);

        await Script.Run("kill", "-INT", run.Id.ToString(CultureInfo.InvariantCulture));
        await Script.ReadUntil(run, line => line.StartsWith("Stopping", StringComparison.Ordinal));
        goOn.SetResult();
        await run.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

        Assert.That(run.ExitCode, Is.EqualTo(130));
        Assert.That(await UsersOf(token), Is.Empty);

        bool WaitsAtPatch(HttpContext context)
        {
            if (context.Request.Method != "PATCH")
                return false;
            reached.TrySetResult();
            goOn.Task.Wait();
            return false;
        }
    }

    [TestCase("domains", "other.example", "A user on the domain example.com could not be created")]
    [TestCase("licence", "portal=1", "The account has room for only 1 more users")]
    public async Task Missing_preconditions_of_the_account_are_reported_first(string option, string value, string sentence)
    {
        var customer = await Customer.Open(Local);
        await Local.Auth("accounts", "update", "--account", customer.AccountId, $"--{option}", value);
        var token = await customer.GenerateToken();

        var ended = await Script.Run(script, "--base", Local.ScimBaseUrl, "--token", token, "--client", "okta");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ended.ExitCode, Is.EqualTo(1));
            Assert.That(ended.Error, Does.Contain(sentence));
            Assert.That(ended.Output, Does.Not.Contain("passed"));
            Assert.That(await UsersOf(token), Is.Empty);
        }
    }

    [Test]
    public async Task An_invalid_token_is_reported_first()
    {
        var ended = await Script.Run(script, "--base", Local.ScimBaseUrl, "--token", "a.b.c");

        Assert.That(ended.ExitCode, Is.EqualTo(1));
        Assert.That(ended.Error, Does.StartWith("The server does not accept the token (401: "));
    }

    [TestCase("There is no option --nothing.", "--nothing")]
    [TestCase("--base needs a value.", "--base")]
    [TestCase("--base is missing.", "--token", "x")]
    [TestCase("The token is missing", "--base", "http://localhost/scim/v2")]
    [TestCase("x is not a valid SCIM Base URL.", "--base", "x", "--token", "x")]
    [TestCase("There is no client sailpoint.", "--client", "sailpoint")]
    [TestCase("nodot is not a valid domain.", "--base", "http://localhost/", "--token", "x", "--domain", "nodot")]
    [TestCase("The token contains spaces", "--base", "http://localhost/", "--token", "x y")]
    public async Task A_usage_error_has_its_own_exit_code(string sentence, params string[] arguments)
    {
        var ended = await Script.Run(script, arguments);

        Assert.That(ended.ExitCode, Is.EqualTo(2));
        Assert.That(ended.Error, Does.Contain(sentence));
    }

    /// <summary>Runs against a faulty server whose account has two other users.</summary>
    private static async Task<(Ended Ended, string[] Strangers, string Token)> RunAgainst(
        Func<HttpContext, bool> fault, string client)
    {
        var customer = await Customer.Open(Local);
        var token = await customer.GenerateToken();
        using (var scim = Local.Scim($"Bearer {token}"))
        {
            await scim.Create("ada@example.com");
            await scim.Create("bob@example.com");
        }
        var others = await UsersOf(token);
        await using var proxy = await new FaultyProxy(Local.ScimBaseUrl, fault).Start();
        return (
            await Script.Run(script, "--base", proxy.BaseUrl, "--token", token, "--client", client), others, token);
    }

    // With versions, so that users who were changed and changed back differ.
    private static async Task<string[]> UsersOf(string token)
    {
        using var scim = Local.Scim($"Bearer {token}");
        return [.. (await scim.Get("Users"))["Resources"]!.AsArray().Select(user => user!.ToJsonString())];
    }
}
