using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary><i>Check a token</i>: what a pasted token or secret is, and whether it works.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class CheckTests
{
    private const string Address = "/scim-credentials/check";
    private AuthServer server = null!;
    private Account account = null!;
    private Browser browser = null!;
    private Dictionary<string, string> pasted = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var http = server.CreateClient();

        var revoked = await server.Generate(account);
        await server.With(async (CredentialSets sets) =>
        {
            await sets.Revoke(account.Id, revoked.Set.Id, "bob@example.com", CancellationToken.None);
            return true;
        });
        var replaced = await server.Generate(account, CredentialMethods.OAuth2);
        var accessOfReplaced = await http.ClientCredentialsToken(replaced.Set.ClientId!, replaced.ClientSecret!);
        var active = await server.Generate(account, CredentialMethods.OAuth2);
        var expired = await http.ClientCredentialsToken(active.Set.ClientId!, active.ClientSecret!);
        var staged = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account.Id, active.Set.Id, CredentialMethods.DirectJwt, TestOperations.Actor(),
                Staging: new(Activation.Manual)),
            CancellationToken.None));
        server.Time.Advance(TimeSpan.FromHours(2));
        var access = await http.ClientCredentialsToken(active.Set.ClientId!, active.ClientSecret!);
        var other = await server.CreateAccount("Other");
        var others = await server.Generate(other);
        var othersClient = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                other.Id, others.Set.Id, CredentialMethods.OAuth2, TestOperations.Actor(),
                Staging: new(Activation.Manual)),
            CancellationToken.None));
        browser = await Browser.SignedIn(server);
        var token = staged.Token!;
        var secret = active.ClientSecret!;
        pasted = new()
        {
            ["active secret"] = secret,
            ["access token"] = access,
            ["with Bearer"] = $" Bearer {access} ",
            ["with spaces"] = $"{access[..40]}\t {access[40..]}",
            ["staged token"] = token,
            ["replaced secret"] = replaced.ClientSecret!,
            ["access token of a replaced set"] = accessOfReplaced,
            ["revoked token"] = revoked.Token!,
            ["expired access token"] = expired,
            ["cut off"] = token[..^10],
            ["cut off in the payload"] = token[..200],
            ["cut off after the payload"] = token[..token.LastIndexOf('.')],
            ["damaged"] = token[..^6] + (token[^6] == 'A' ? 'B' : 'A') + token[^5..],
            ["cut off secret"] = secret[..^1],
            ["damaged secret"] = secret[..20] + (secret[20] == 'A' ? 'B' : 'A') + secret[21..],
            ["token of another account"] = others.Token!,
            ["secret of another account"] = othersClient.ClientSecret!,
            ["client ID"] = active.Set.ClientId!,
            ["other issuer"] = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlIn0.c2lnbmF0dXJl",
            ["something else"] = "correct horse battery staple",
            ["nothing"] = " ",
        };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("active secret", "Correct: this belongs to the current credentials.")]
    [TestCase("access token", "Correct: this belongs to the current credentials.")]
    [TestCase("with Bearer", "Correct: this belongs to the current credentials.")]
    [TestCase("with spaces", "Correct: this belongs to the current credentials. It works. What you pasted has spaces")]
    [TestCase("staged token", "Correct: this belongs to the staged credentials.")]
    [TestCase("replaced secret", "This no longer works: its credentials have ended. Those that end in")]
    [TestCase("access token of a replaced set", "This no longer works: its credentials have ended. Those that end in")]
    [TestCase("revoked token", "This no longer works: its credentials have ended. Those that end in {1} were ended by bob@")]
    [TestCase("expired access token", "This access token has expired.")]
    [TestCase("cut off", "This is cut off after {0} characters.")]
    [TestCase("cut off in the payload", "This is cut off after 200 characters.")]
    [TestCase("cut off after the payload", "This is cut off after {0} characters.")]
    [TestCase("damaged", "This is damaged: a character is wrong or missing.")]
    [TestCase("cut off secret", "This is cut off after 56 characters.")]
    [TestCase("damaged secret", "This is damaged: a character is wrong or missing.")]
    [TestCase("token of another account", "This belongs to another SciLeads account.")]
    [TestCase("secret of another account", "This has the form of a SciLeads client secret, but it is not one of")]
    [TestCase("client ID", "This is a client ID, not a secret.")]
    [TestCase("other issuer", "This is not from SciLeads: it says that https://idp.example issued it.")]
    [TestCase("something else", "This is not from SciLeads.")]
    [TestCase("nothing", "Nothing was pasted.")]
    public async Task A_check_says_what_it_is_and_what_to_do(string what, string says)
    {
        var text = pasted[what];

        var page = await browser.Submit(await browser.Open(Address), "Check", ("secret", text));

        var verdict = page.Document.QuerySelector(".notice[autofocus]")!;
        says = says.Replace("{0}", $"{text.Trim().Length}").Replace("{1}", text.Length < 4 ? null : text[^4..]);
        Assert.That(Page.TextOf(verdict), Does.StartWith(says));
        Assert.That(
            verdict.ClassName, Is.EqualTo(says.StartsWith("Correct", StringComparison.Ordinal) ? "notice good" : "notice error"));
        if (text.Trim().Length > 0)
            Assert.That(page.Html, Does.Not.Contain(text.Trim()).Or.Contain($"<code>{text}</code>"), "it is not shown again");
        Assert.That(page.Document.QuerySelector("#secret")!.GetAttribute("value"), Is.Null);
    }

    [Test]
    public async Task A_check_counts_as_no_use_activates_nothing_and_stores_only_its_finding()
    {
        var before = await Sets();

        await browser.Submit(await browser.Open(Address), "Check", ("secret", pasted["staged token"]));
        await server.WriteUses();

        Assert.That(await Sets(), Is.EqualTo(before));
        var entry = await server.WithDatabase(db => db.Set<Auth.Server.Audit.AuditEntry>().AsNoTracking()
            .OrderByDescending(entry => entry.Id).FirstAsync());
        Assert.That((entry.Action, entry.Detail), Is.EqualTo((Auth.Server.Audit.AuditAction.CheckCredentials, "Finding: staged.")));
    }

    private async Task<string> Sets() =>
        string.Join('\n', await server.WithDatabase(db => db.CredentialSets.AsNoTracking()
            .OrderBy(set => set.Id).Select(set => $"{set.Id} {set.State} {set.FirstUsedAt} {set.LastUse!.At}").ToListAsync()));
}
