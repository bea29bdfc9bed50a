using System.Net;
using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary><c>deploy/rotate.sh</c> as a scheduler runs it, with a file as the vault.</summary>
internal sealed class RotateScriptTests : EndToEndTest
{
    private Customer customer = null!;
    private ManagementClient client = null!;
    private string old = "";

    private string Vault => Path.Combine(client.Folder, "vault");

    [SetUp]
    public async Task Open()
    {
        customer = await Customer.Open(Local);
        client = await ManagementClient.Add(customer);
        old = await customer.GenerateToken();
    }

    [TearDown]
    public void Close() => client.Dispose();

    [TestCase("direct_jwt")]
    [TestCase("oauth2")]
    public async Task The_new_secret_is_stored_in_the_vault_and_the_old_one_ends(string method)
    {
        var ended = await Rotate(
            $"cat > {Vault}", "--read-back", $"cat {Vault}", "--method", method, "--lifetime", "86400");

        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        Assert.That(ended.Output, Does.Contain("A SCIM request with them succeeded. Done."));
        var secret = await File.ReadAllTextAsync(Vault);
        Assert.That(ended.Output + ended.Error, Does.Not.Contain(secret));
        Assert.That(await StatusOf(old), Is.EqualTo(HttpStatusCode.Unauthorized));
        var sets = await client.List();
        Assert.That(StatesOf(sets), Is.EqualTo(new[] { "active", "ended superseded" }));
        Assert.That((string?)sets[0]["lastFour"], Is.EqualTo(secret[^4..]));
        if (method == "direct_jwt")
            Assert.That(await StatusOf(secret), Is.EqualTo(HttpStatusCode.OK));
    }

    [TestCase("exit 7", "", "The vault did not accept the secret.")]
    [TestCase("cat > /dev/null", "echo something else", "The check failed")]
    [TestCase("cat > /dev/null", "exit 1", "The vault cannot be read.")]
    public async Task If_anything_fails_before_the_activation_the_old_secret_remains_valid(
        string vault, string readBack, string sentence)
    {
        var ended = await Rotate(vault, readBack.Length == 0 ? [] : ["--read-back", readBack]);

        Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
        Assert.That(ended.Error, Does.Contain(sentence).And.Contain("are revoked; the old ones continue to work"));
        Assert.That(await StatusOf(old), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(StatesOf(await client.List()), Is.EqualTo(new[] { "ended revoked", "active" }));
        Assert.That((await Rotate($"cat > {Vault}")).ExitCode, Is.Zero, "the next time it works");
    }

    [Test]
    public async Task If_it_is_killed_it_completes_the_rotation_when_it_is_started_again()
    {
        // The parent of the shell is the script.
        var killed = await Rotate("kill -9 $PPID");
        Assert.That(killed.ExitCode, Is.EqualTo(137), killed.ToString());
        Assert.That(await StatusOf(old), Is.EqualTo(HttpStatusCode.OK));

        var ended = await Rotate($"cat > {Vault}");

        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        Assert.That(ended.Output, Does.StartWith("Continuing the rotation"));
        Assert.That(StatesOf(await client.List()), Is.EqualTo(new[] { "active", "ended superseded" }));
        Assert.That(await StatusOf(await File.ReadAllTextAsync(Vault)), Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_revocation_that_was_lost_is_repeated_when_it_is_started_again()
    {
        await Rotate("kill -9 $PPID");
        // As if the server had been down when the script tried to revoke.
        await File.AppendAllTextAsync(Path.Combine(client.Folder, "state", customer.AccountId), "revoke\n");

        var ended = await Rotate($"cat > {Vault}");

        Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
        Assert.That(ended.Error, Does.Contain("are revoked; the old ones continue to work"));
        Assert.That(File.Exists(Vault), Is.False, "no secret is handed out");
        Assert.That(await StatusOf(old), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(StatesOf(await client.List()), Is.EqualTo(new[] { "ended revoked", "active" }));
    }

    [Test]
    public async Task What_somebody_else_staged_is_left_alone()
    {
        await Local.Auth("credentials", "stage", "--account", customer.AccountId, "--method", "oauth2");

        var ended = await Rotate($"cat > {Vault}");

        Assert.That(ended.ExitCode, Is.EqualTo(1), ended.ToString());
        Assert.That(ended.Error, Does.Contain("an operator on the command line staged credentials"));
        Assert.That(StatesOf(await client.List()), Is.EqualTo(new[] { "staged", "active" }));
    }

    [Test]
    public async Task A_missing_option_is_reported_in_one_sentence()
    {
        var ended = await Script.Run(Script.RotateSh, "--url", Local.AuthUrl);
        Assert.That(ended.ExitCode, Is.EqualTo(1));
        Assert.That(ended.Error.Trim(), Is.EqualTo("rotate.sh: --account is missing. --help lists the options."));
    }

    private Task<Ended> Rotate(string vault, params string[] options) => Script.Run(
        Script.RotateSh,
        [
            "--url", Local.AuthUrl, "--scim-url", Local.ScimBaseUrl, "--account", customer.AccountId, "--client",
            client.Id,
            "--key", client.KeyFile, "--state", Path.Combine(client.Folder, "state"), "--vault", vault, .. options,
        ]);

    private static async Task<HttpStatusCode> StatusOf(string token)
    {
        using var scim = Local.Scim(token);
        return (await scim.Test()).Status;
    }

    private static IEnumerable<string> StatesOf(IEnumerable<JsonObject> sets) =>
        sets.Select(set => $"{set["state"]} {set["endReason"]}".Trim());
}
