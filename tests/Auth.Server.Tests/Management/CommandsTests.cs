using System.CommandLine;
using System.Reflection;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Management;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

[Category("Slow")]
[Category("AnyDatabase")]
public sealed class CommandsTests
{
    [Test]
    public async Task An_operator_creates_and_updates_an_account()
    {
        await using var server = await AuthServer.Start();

        var created = await Json(
            server, "accounts", "create", "--name", "Acme", "--scim", "on", "--domains",
            "acme.example, Acme.Test, BU\u0308CHER.example",
            "--licence", "portal=100", "--licence", "insights=5", "--json");
        var id = created.GetProperty("accountId").GetString()!;
        var updated = await Json(
            server, "accounts", "update", "--account", id, "--scim", "off", "--licence", "portal=7",
            "--attribute-rules", "rfc",
            "--domains", "", "--json");

        Assert.Multiple(() =>
        {
            Assert.That(created.GetProperty("scim").GetString(), Is.EqualTo("on"));
            Assert.That(Texts(created, "domains"), Is.EqualTo(new[] { "acme.example", "acme.test", "bücher.example" }));
            Assert.That(Texts(created, "licences"), Is.EqualTo(new[] { "insights=5", "portal=100" }));
            Assert.That(updated.GetProperty("scim").GetString(), Is.EqualTo("off"));
            Assert.That(Texts(updated, "domains"), Is.Empty);
            Assert.That(Texts(updated, "licences"), Is.EqualTo(new[] { "insights=5", "portal=7" }));
            Assert.That(updated.GetProperty("attributeRules").GetString(), Is.EqualTo("rfc"));
        });
        var listed = await Json(server, "accounts", "list", "--json");
        Assert.That(listed.EnumerateArray().Single().GetProperty("name").GetString(), Is.EqualTo("Acme"));
    }

    [Test]
    public void Options_are_not_shared_between_calls()
    {
        // A static option would keep the commands of every call, and a running server would become slower with each.
        var shared = typeof(Commands).Assembly.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => typeof(Symbol).IsAssignableFrom(field.FieldType));
        Assert.That(shared, Is.Empty);
    }

    [Test]
    public async Task The_default_rate_limit_is_100_and_an_operator_can_change_it()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var created = await Json(server, "accounts", "create", "--name", "Acme", "--scim", "on", "--json");
        var id = created.GetProperty("accountId").GetString()!;
        var token = (await Json(
            server, "credentials", "generate", "--account", id, "--method", "direct-jwt",
            "--json")).GetProperty("token");
        var told = new List<(string Shown, int? Told)>();
        foreach (var limit in new[] { null, "25", "none", "10000" })
        {
            if (limit is not null)
                await Json(server, "accounts", "update", "--account", id, "--rate-limit", limit, "--json");
            var shown = await Json(server, "accounts", "show", "--account", id, "--json");
            told.Add((
                shown.GetProperty("rateLimit").ToString(),
                (await scim.Introspect(token.GetString()!)).Account!.RateLimit));
        }
        Assert.That(
            told, Is.EqualTo(new (string, int?)[] { ("100", 100), ("25", 25), ("none", null), ("10000", 10000) }));
    }

    [TestCase("--restore-inactive", "restoreInactive", nameof(AccountPolicy.RestoreInactive))]
    [TestCase("--omit-pagination", "omitPagination", nameof(AccountPolicy.OmitPagination))]
    public async Task A_switch_of_an_account_is_off_until_an_operator_turns_it_on(
        string option, string member, string told)
    {
        await using var server = await AuthServer.Start();
        var id = (await Json(server, "accounts", "create", "--name", "Acme", "--json")).GetProperty("accountId")
            .GetString()!;
        var seen = new List<(string? Shown, bool Told)>();
        foreach (var value in new[] { null, "on", "off" })
        {
            if (value is not null)
                await Json(server, "accounts", "update", "--account", id, option, value, "--json");
            var shown = await Json(server, "accounts", "show", "--account", id, "--json");
            var account = await server.With(
                (AccountRegister accounts) => accounts.Get(Guid.Parse(id), CancellationToken.None));
            var policy = account.ToPolicy();
            seen.Add((shown.GetProperty(member).GetString(), (bool)typeof(AccountPolicy).GetProperty(told)!.GetValue(policy)!));
        }
        Assert.That(seen, Is.EqualTo(new (string?, bool)[] { ("off", false), ("on", true), ("off", false) }));
    }

    [TestCase("--scim", "off", "scim")]
    [TestCase("--suspended", "off", "suspended")]
    [TestCase("--domains", "acme.test", "domains")]
    [TestCase("--licence", "portal=6", "licences")]
    [TestCase("--attribute-rules", "guide", "attributeRules")]
    [TestCase("--rate-limit", "none", "rateLimit")]
    [TestCase("--restore-inactive", "off", "restoreInactive")]
    [TestCase("--omit-pagination", "off", "omitPagination")]
    [TestCase("--require-second-factor", "off", "requireSecondFactor")]
    public async Task A_change_of_one_setting_leaves_the_others_as_they_were(string option, string value, string member)
    {
        await using var server = await AuthServer.Start();
        var id = (await Json(
            server, "accounts", "create", "--name", "Acme", "--scim", "on", "--suspended", "on",
            "--domains", "acme.example", "--licence", "portal=5", "--attribute-rules", "rfc", "--rate-limit", "77",
            "--restore-inactive", "on", "--omit-pagination", "on", "--require-second-factor", "on", "--json"))
            .GetProperty("accountId").GetString()!;
        var before = await Json(server, "accounts", "show", "--account", id, "--json");

        await Json(server, "accounts", "update", "--account", id, option, value, "--json");

        var after = await Json(server, "accounts", "show", "--account", id, "--json");
        Assert.That(
            before.EnumerateObject().Where(one => one.Value.ToString() != after.GetProperty(one.Name).ToString())
                .Select(one => one.Name),
            Is.EqualTo(new[] { member }));
    }

    [Test]
    public async Task Concurrent_updates_of_an_account_all_succeed()
    {
        await using var server = await AuthServer.Start();
        var id = $"{(await server.CreateAccount()).Id}";
        var changes = await Task.WhenAll(Enumerable.Range(1, 8).Select(seats => Task.Run(
            () => Run(server, "accounts", "update", "--account", id, "--licence", $"new={seats}"))));
        Assert.That(changes.Select(change => (change.ExitCode, change.Error)), Is.All.EqualTo((0, "")));
    }

    [Test]
    public async Task Credentials_are_generated_shown_without_their_secret_and_revoked()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = (await server.CreateAccount()).Id.ToString();

        var generated = await Json(
            server, "credentials", "generate", "--account", account, "--method", "direct-jwt", "--lifetime", "30d",
            "--json");
        var token = generated.GetProperty("token").GetString()!;
        var (_, shown, _) = await Run(server, "credentials", "show", "--account", account);
        Assert.Multiple(() =>
        {
            Assert.That(shown, Does.Contain(generated.GetProperty("credentialSetId").GetString()));
            Assert.That(shown, Does.Contain($"generation: {generated.GetProperty("generation").GetInt64()}"));
            Assert.That(shown, Does.Not.Contain(token));
        });
        Assert.That((await scim.Introspect(token)).ExpiresIn, Is.EqualTo(30 * 24 * 3600));

        await Run(server, "credentials", "revoke", "--account", account);

        Assert.That((await scim.Introspect(token)).Active, Is.False);
        var (exitCode, _, error) = await Run(server, "credentials", "show", "--account", account);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("no active credential set"));
    }

    [Test]
    public async Task An_OAuth_set_is_printed_with_the_addresses_that_Okta_asks_for()
    {
        await using var server = await AuthServer.Start();
        var account = (await server.CreateAccount()).Id.ToString();

        var generated = await Json(
            server, "credentials", "generate", "--account", account, "--method", "oauth2", "--okta-app", "acme_1",
            "--redirect-uri", "https://idp.example.com/cb", "--json");

        Assert.Multiple(() =>
        {
            Assert.That(generated.GetProperty("clientId").GetString(), Does.StartWith("scim-"));
            Assert.That(generated.GetProperty("clientSecret").GetString(), Does.StartWith("scim_cs_"));
            Assert.That(
                generated.GetProperty("authorizeUrl").GetString(),
                Is.EqualTo("http://localhost:5001/connect/authorize"));
            Assert.That(
                generated.GetProperty("tokenUrl").GetString(), Is.EqualTo("http://localhost:5001/connect/token"));
            Assert.That(generated.GetProperty("scimBaseUrl").GetString(), Is.EqualTo("http://localhost:5002/scim/v2"));
        });
        var redirectUris = await server.WithDatabase(
            db => db.Clients.Select(client => client.RedirectUris).SingleAsync());
        Assert.That(JsonSerializer.Deserialize<string[]>(redirectUris!), Has.Length.EqualTo(6));
    }

    [TestCase("There is no account", "accounts", "show", "--account", "00000000-0000-0000-0000-000000000001")]
    [TestCase("not a valid e-mail domain", "accounts", "create", "--name", "x", "--domains", "nonsense")]
    [TestCase("U+200B", "accounts", "create", "--name", "x", "--domains", "acme\u200B.example")]
    [TestCase("U+3164", "accounts", "create", "--name", "x", "--domains", "ac\u3164me.example")]
    [TestCase("U+2060", "accounts", "create", "--name", "x\u2060")]
    [TestCase("not a valid licence", "accounts", "create", "--name", "x", "--licence", "portal")]
    [TestCase("not a valid licence", "accounts", "create", "--name", "x", "--licence", "portal=many")]
    [TestCase("not a valid product", "accounts", "create", "--name", "x", "--licence", "Por tal=1")]
    [TestCase("need at least 25", "accounts", "create", "--name", "x", "--rate-limit", "24")]
    [TestCase("25 to 10000", "accounts", "create", "--name", "x", "--rate-limit", "10001")]
    [TestCase("not a valid rate limit", "accounts", "create", "--name", "x", "--rate-limit", "0")]
    [TestCase("not a valid rate limit", "accounts", "create", "--name", "x", "--rate-limit", "many")]
    [TestCase("1 to 200 characters", "accounts", "create", "--name", "  ")]
    [TestCase("not a valid time", "credentials", "generate", "--account", "00000000-0000-0000-0000-000000000001", "--method", "oauth2", "--lifetime", "soon")]
    [TestCase("Required argument missing", "credentials", "generate", "--account")]
    [TestCase("Unrecognized", "accounts", "destroy")]
    public async Task A_refusal_is_a_sentence_on_standard_error_and_exit_code_1(
        string sentence, params string[] arguments)
    {
        await using var server = await AuthServer.Start();
        var (exitCode, _, error) = await Run(server, arguments);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain(sentence));
    }

    [TestCase("nonsense", "not a JWK set")]
    [TestCase("""{"keys":[]}""", "has no keys")]
    [TestCase("""{"keys":[{"kty":"RSA","kid":"r","n":"AQAB","e":"AQAB"}]}""", "not a P-256 key")]
    [TestCase("""{"keys":[{"kty":"EC","crv":"P-256","kid":"p","x":"AA","y":"AA","d":"AA"}]}""", "private key")]
    public async Task A_file_that_is_not_a_set_of_public_keys_is_refused(string content, string sentence)
    {
        await using var server = await AuthServer.Start();
        var file = Path.Combine(server.DataDirectory, "keys.jwks");
        await File.WriteAllTextAsync(file, content);

        var (exitCode, _, error) = await Run(server, "resource-servers", "add", "--jwks", "keys.jwks");

        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain(sentence));
    }

    [Test]
    public async Task An_argument_that_begins_with_an_at_sign_is_taken_literally()
    {
        await using var server = await AuthServer.Start();
        var created = await Json(
            server, "accounts", "create", "--name", "Acme", "--domains", "@acme.example", "--json");
        Assert.That(Texts(created, "domains"), Is.EqualTo(new[] { "acme.example" }));
    }

    [TestCase("99999999d", "to 1095 days")]
    [TestCase("2147483647h", "to 1095 days")]
    [TestCase("", "is not a valid time")]
    public async Task A_lifetime_out_of_range_is_refused_with_a_sentence(string lifetime, string sentence)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var (exitCode, _, error) = await Run(
            server, "credentials", "generate", "--account", $"{account.Id}", "--method", "direct-jwt",
            "--lifetime", lifetime);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain(sentence));
    }

    [Test]
    public async Task A_command_reaches_the_running_server_through_its_socket_and_only_there()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAccount("Acme");

        var answer = await CommandSocket.Send(
            CommandSocket.PathIn(server.DataDirectory), ["accounts", "list"], CancellationToken.None);
        using var http = server.CreateClient();
        using var fromTheNetwork = await http.PostAsync(
            new Uri("/commands", UriKind.Relative),
            new StringContent("""{"arguments":["accounts","list"],"workingDirectory":"/"}""", null, "application/json"));

        Assert.That(answer!.Output, Does.Contain("name: Acme"));
        Assert.That((int)fromTheNetwork.StatusCode, Is.EqualTo(404));
    }

    [Test]
    public async Task Keys_are_listed_rotated_and_withdrawn()
    {
        await using var server = await AuthServer.StartEmpty();
        using var scim = await ResourceServer.Register(server);
        var token = (await server.Generate(await server.CreateAccount("Acme"))).Token!;
        server.Time.Advance(TimeSpan.FromDays(1));

        var rotated = await Json(server, "keys", "rotate", "--json");
        var listed = (await Json(server, "keys", "list", "--json")).EnumerateArray().ToList();
        var retired = listed.Single(key => key.GetProperty("state").GetString() == "retired"
            && key.GetProperty("use").GetString() == "signing");
        var withdrawn = await Json(
            server, "keys", "rotate", "--compromised", retired.GetProperty("keyId").GetString()!, "--json");

        Assert.Multiple(() =>
        {
            Assert.That(retired.GetProperty("liveTokens").GetInt32(), Is.EqualTo(1));
            Assert.That(retired.GetProperty("lastTokenEnds").GetDateTime() - retired.GetProperty("createdAt").GetDateTime(),
                Is.EqualTo(TimeSpan.FromDays(365)));
            Assert.That(listed.Select(key => key.GetProperty("state").GetString()), Is.EqualTo(
                new[] { "announced", "active", "retired", "announced", "active", "retired" }));
            Assert.That(
                withdrawn.GetProperty("signingKey").GetString(),
                Is.EqualTo(rotated.GetProperty("signingKey").GetString()));
            Assert.That(withdrawn.GetProperty("endedTokens").GetInt32(), Is.EqualTo(1));
            Assert.That(Texts(withdrawn, "endedCredentialSets").Single(), Does.EndWith("of Acme"));
        });
        Assert.That((await scim.Introspect(token)).Active, Is.False);
        var (exitCode, _, error) = await Run(server, "keys", "rotate");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("can be used from"));
        Assert.That(
            (await Run(server, "keys", "list")).Output,
            Does.Contain("state: withdrawn").And.Not.Contain("rotectedKey"));
    }

    private static IEnumerable<string?> Texts(JsonElement answer, string name) =>
        answer.GetProperty(name).EnumerateArray().Select(text => text.GetString());

    internal static async Task<JsonElement> Json(AuthServer server, params string[] arguments)
    {
        var (exitCode, output, error) = await Run(server, arguments);
        Assert.That(exitCode, Is.Zero, error);
        return JsonDocument.Parse(output).RootElement;
    }

    internal static async Task<(int ExitCode, string Output, string Error)> Run(
        AuthServer server, params string[] arguments)
    {
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        var exitCode = await new Commands(server.Services, server.DataDirectory, "root")
            .Run(arguments, output, error, CancellationToken.None);
        return (exitCode, output.ToString(), error.ToString());
    }
}
