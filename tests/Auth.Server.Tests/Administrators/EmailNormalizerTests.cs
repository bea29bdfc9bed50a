using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Microsoft.EntityFrameworkCore;
using NUnit.Framework.Constraints;

namespace Auth.Server.Tests.Administrators;

/// <summary>Different spellings of an administrator's e-mail address count as the same address (RFC 8265 §3.3).</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class EmailNormalizerTests
{
    private AuthServer server = null!;
    private Account account = null!;

    private static readonly string[][] spellings =
    [
        ["ada@example.com", " ADA@Example.Com "],
        ["jörg@example.com", "JÖRG@EXAMPLE.COM"],
        ["jos\u00E9@example.com", "jose\u0301@example.com"],
        ["jose\u0301@example.com", "JOS\u00C9@example.com"],
        ["ada@example.com", "\uFF41\uFF44\uFF41@example.com"],
        ["\u30AB\u30AC@example.com", "\uFF76\uFF76\uFF9E@example.com"],
        ["\uD55C@example.com", "\u1112\u1161\u11AB@example.com"],
        ["ada@b\u00FCro.example", "ada@BU\u0308RO.example"],
    ];

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
    }

    [TearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCaseSource(nameof(spellings))]
    public async Task Both_spellings_are_one_administrator(string one, string other)
    {
        await server.CreateAdministrator(account, one.Trim());

        Assert.That((await TrySignIn(other, AuthServer.Password)).Session, Is.Not.Null, "signs in");
        Assert.That(() => server.CreateAdministrator(account, other.Trim()), Refused(409), "created twice");
        Assert.That(() => Invite(other), Refused(409), "invited although already an administrator");
        await server.With(async (Memberships memberships) =>
        {
            await memberships.Remove(new(other), TestOperations.Actor(), CancellationToken.None);
            return true;
        });
        Assert.That(await server.WithDatabase(db => db.Administrators.CountAsync()), Is.Zero);
    }

    [TestCaseSource(nameof(spellings))]
    public async Task Both_spellings_are_one_invitation(string one, string other)
    {
        await Invite(one);
        await Invite(other);
        Assert.That(
            await server.WithDatabase(db => db.Invitations.CountAsync()), Is.EqualTo(1),
            "the newer replaced the older");

        await server.With(async (Invitations invitations) =>
        {
            await invitations.Withdraw(new(one), TestOperations.Actor(), CancellationToken.None);
            return true;
        });
        Assert.That(await server.WithDatabase(db => db.Invitations.CountAsync()), Is.Zero);
    }

    [TestCaseSource(nameof(spellings))]
    public async Task Guesses_with_both_spellings_are_counted_together(string one, string other)
    {
        for (var i = 0; i < 5; i++)
            Assert.That((await TrySignIn(i % 2 == 0 ? one : other, "wrong")).Wait, Is.Null, $"attempt {i}");

        Assert.That((await TrySignIn(one, "wrong")).Wait, Is.Not.Null);
        Assert.That((await TrySignIn(other, "wrong")).Wait, Is.Not.Null);
    }

    [TestCase("jos\u00E9maria@example.com", "jose\u0301maria-2026")]
    [TestCase("jos\u00E9maria@example.com", "JOS\u00C9MARIA-2026")]
    [TestCase("lovelace@example.com", "\uFF2C\uFF4F\uFF56\uFF45\uFF4C\uFF41\uFF43\uFF45-1815")]
    public void A_password_that_contains_the_address_in_another_spelling_is_refused(string email, string password) =>
        Assert.That(PasswordRules.Refusal(email, password), Does.Contain("e-mail address"));

    [TestCase("e\u200Bve@example.com", "U+200B")]
    [TestCase("eve\u3164@example.com", "U+3164")]
    [TestCase("eve\uFE0F@example.com", "U+FE0F")]
    [TestCase("eve@exa\u00ADmple.com", "U+00AD")]
    [TestCase("eve\u2003x@example.com", "U+2003")]
    [TestCase("eve@evil.example\uFF20example.com", "is not a valid e-mail address")]
    [TestCase("eve\uFF20example.com", "is not a valid e-mail address")]
    public void An_address_with_invisible_or_misleading_characters_is_refused(string email, string reason)
    {
        Assert.That(() => server.CreateAdministrator(account, email), Refused(400, reason));
        Assert.That(() => Invite(email), Refused(400, reason));
    }

    [Test]
    public void An_address_whose_normalized_form_is_too_long_is_refused()
    {
        // A character that becomes two in NFC.
        var email = string.Concat(Enumerable.Repeat("\u0958", 200)) + "@example.com";
        Assert.That(() => server.CreateAdministrator(account, email), Refused(400));
        Assert.That(() => Invite(email), Refused(400));
    }

    private static ContainsConstraint Refused(int status, string reason = "") =>
        Throws.TypeOf<ProblemException>().With.Property(nameof(ProblemException.Status)).EqualTo(status)
            .And.Message.Contains(reason);

    private Task<IssuedInvitation> Invite(string email) => server.With((Invitations invitations) =>
        invitations.Invite(account.Id, email, "a test", CancellationToken.None));

    private Task<SignInOutcome> TrySignIn(string email, string password) => server.With((SignIn signIn) =>
        signIn.Try(email, password, new(), CancellationToken.None));
}
