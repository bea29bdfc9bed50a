using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Tests.Pages;
using static Auth.Server.Tests.Management.CommandsTests;

namespace Auth.Server.Tests.Management;

public sealed class AdministratorCommandsTests
{
    private const string Email = "eve@acme.example";

    [TestCase(Email)]
    [TestCase("o'brien@example.com")]
    [TestCase("jörg+scim@example.com")]
    public async Task A_new_administrator_signs_in_with_the_password_that_was_printed(string email)
    {
        await using var server = await AuthServer.Start();
        var made = await Json(
            server, "administrators", "create", "--account", $"{(await server.CreateAccount()).Id}", "--email", email,
            "--json");

        var outcome = await server.With((SignIn signIn) => signIn.Try(
            email.ToUpperInvariant(), made.GetProperty("password").GetString()!, new(), CancellationToken.None));

        Assert.That(outcome.Session, Is.Not.Null);
    }

    [Test]
    public async Task An_invited_person_is_listed_becomes_an_administrator_is_signed_out_and_removed()
    {
        await using var server = await AuthServer.Start();
        var account = (await server.CreateAccount()).Id.ToString();

        var invited = await Json(server, "administrators", "invite", "--account", account, "--email", Email, "--json");
        Assert.That(await States(server, account), Is.EqualTo(new[] { $"{Email} invited" }));
        await Accept(server, invited);
        Assert.That(await States(server, account), Is.EqualTo(new[] { $"{Email} active" }));

        using var browser = await Browser.SignedIn(server, Email);
        var listed = (await Json(server, "administrators", "list", "--account", account, "--json"))[0];
        Assert.That(listed.GetProperty("sessions").GetInt32(), Is.EqualTo(1));
        Assert.That(
            listed.GetProperty("lastSignIn").GetDateTime(), Is.EqualTo(server.Time.GetUtcNow().UtcDateTime));
        var signedOut = await Json(server, "administrators", "sign-out", "--email", Email, "--json");
        Assert.That(signedOut.GetProperty("sessionsEnded").GetInt32(), Is.EqualTo(1));
        Assert.That((await browser.Open("/")).Status, Is.EqualTo(302));

        using var again = await Browser.SignedIn(server, Email);
        await again.Open("/settings/user-management");
        await Json(server, "administrators", "remove", "--email", Email, "--json");
        Assert.That((await again.Open("/")).Status, Is.EqualTo(302));
        Assert.That(await States(server, account), Is.Empty);
    }

    [Test]
    public async Task A_role_is_given_with_the_invitation_and_changed_later()
    {
        await using var server = await AuthServer.Start();
        var account = (await server.CreateAccount()).Id.ToString();
        string[] bob = ["--account", account, "--email", "bob@acme.example"];

        await Json(server, ["administrators", "create", .. bob, "--read-only", "--json"]);
        var invited = await Json(
            server, "administrators", "invite", "--account", account, "--email", Email, "--read-only", "--json");
        Assert.That(await Roles(), Is.EqualTo(new[] { "on", "on" }));
        await Accept(server, invited);
        Assert.That(await Roles(), Is.EqualTo(new[] { "on", "on" }));
        await Json(server, ["administrators", "update", .. bob, "--read-only", "off", "--json"]);
        Assert.That(await Roles(), Is.EqualTo(new[] { "off", "on" }));

        async Task<IEnumerable<string?>> Roles() =>
            (await Json(server, "administrators", "list", "--account", account, "--json")).EnumerateArray()
                .Select(one => one.GetProperty("readOnly").GetString());
    }

    [Test]
    public async Task A_lost_password_is_reset_by_a_link()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, Email);

        var reset = await Json(server, "administrators", "reset-password", "--email", Email, "--json");

        Assert.That(
            await States(server, $"{account.Id}"), Is.EqualTo(new[] { $"{Email} active", $"{Email} password reset" }));
        await Accept(server, reset, "another horse, another battery");
        var outcome = await server.With((SignIn signIn) =>
            signIn.Try(Email, "another horse, another battery", new(), CancellationToken.None));
        Assert.That(outcome.Session, Is.Not.Null);
    }

    [Test]
    public async Task A_withdrawn_link_does_not_work()
    {
        await using var server = await AuthServer.Start();
        var invited = await Json(
            server, "administrators", "invite", "--account", $"{(await server.CreateAccount()).Id}", "--email", Email,
            "--json");

        await Json(server, "administrators", "withdraw", "--email", "EVE@acme.example", "--json");

        Assert.That(() => Accept(server, invited), Throws.TypeOf<ProblemException>());
    }

    [TestCase("There is no account", "invite", "--account", "00000000-0000-0000-0000-000000000001", "--email", Email)]
    [TestCase("U+200B", "invite", "--account", "00000000-0000-0000-0000-000000000001", "--email", "e\u200Bve@acme.example")]
    [TestCase("U+FE0F", "invite", "--account", "00000000-0000-0000-0000-000000000001", "--email", "eve\uFE0F@acme.example")]
    [TestCase("not a valid e-mail address", "invite", "--account", "00000000-0000-0000-0000-000000000001", "--email", "eve")]
    [TestCase("There is no administrator eve@acme.example", "sign-out", "--email", Email)]
    [TestCase("There is no administrator eve@acme.example", "reset-password", "--email", Email)]
    [TestCase("There is no administrator eve@acme.example", "remove", "--email", Email)]
    [TestCase("There is no invitation for eve@acme.example", "withdraw", "--email", Email)]
    public async Task A_refusal_is_a_sentence(string sentence, params string[] arguments)
    {
        await using var server = await AuthServer.Start();
        var (exitCode, _, error) = await Run(server, ["administrators", .. arguments]);
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain(sentence));
    }

    private static async Task<IEnumerable<string>> States(AuthServer server, string account) =>
        (await Json(server, "administrators", "list", "--account", account, "--json")).EnumerateArray()
            .Select(one => $"{one.GetProperty("email").GetString()} {one.GetProperty("state").GetString()}");

    private static Task<bool> Accept(AuthServer server, JsonElement issued, string password = AuthServer.Password) =>
        server.With(async (Invitations invitations) =>
        {
            var link = issued.GetProperty("link").GetString()!;
            await invitations.Accept(link.Split('#')[1], password, CancellationToken.None);
            return true;
        });
}
