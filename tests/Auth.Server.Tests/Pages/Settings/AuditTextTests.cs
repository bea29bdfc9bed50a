using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Pages.Settings;

namespace Auth.Server.Tests.Pages.Settings;

/// <summary>Audit entries as sentences.</summary>
public sealed class AuditTextTests
{
    private static readonly CredentialSet set = new()
    {
        AccountId = Guid.CreateVersion7(),
        Method = "direct_jwt",
        State = CredentialSetState.Active,
        LastFour = "4f2Q",
        CreatedAt = DateTime.UtcNow,
        CreatedBy = "ada@example.com",
    };

    private readonly AuditText text = new([set]);

    [TestCase("SignIn", "Done", null, "ada@example.com signed in.")]
    [TestCase("SignIn", "Refused", null, "ada@example.com tried to sign in, and was refused.")]
    [TestCase("EndSessions", "Done", null, "ada@example.com ended sessions of their own.")]
    [TestCase("GenerateCredentials", "Done", "SET", "ada@example.com generated the API token ending in 4f2Q.")]
    [TestCase("GenerateCredentials", "Refused", null,
        "ada@example.com tried to generate credentials, and was refused.")]
    [TestCase("RevokeCredentials", "Refused", "UNKNOWN",
        "ada@example.com tried to revoke credentials, and was refused.")]
    [TestCase("AllowClient", "Refused", "client-of-another-account",
        "ada@example.com tried to give access to a client, and was refused.")]
    [TestCase("DeactivatePerson", "Done", "bob@example.com", "ada@example.com deactivated bob@example.com.")]
    [TestCase("DeactivatePerson", "Unknown", "UNKNOWN",
        "ada@example.com tried to deactivate a person. It is not known whether that was done.")]
    [TestCase("InviteAdministrator", "Done", "bob@example.com",
        "ada@example.com invited bob@example.com to become an administrator.")]
    [TestCase("AddManagementClient", "Done", "Vault (prod) (management-123)",
        "ada@example.com added the management client Vault (prod).")]
    public void An_entry_is_a_sentence_with_names(string action, string outcome, string? about, string sentence) =>
        Assert.That(
            text.SentenceOf(Entry(Enum.Parse<AuditAction>(action), outcome, about?.Replace("SET", $"{set.Id}").Replace("UNKNOWN", $"{Guid.NewGuid()}"))),
            Is.EqualTo(sentence));

    [TestCase("Administrator", "ada@example.com", "ada@example.com signed out.")]
    [TestCase("Client", "Vault (management-123)", "The management client Vault signed out.")]
    [TestCase("Operator", "root", "An operator on the command line signed out.")]
    [TestCase("Server", "SciLeads", "SciLeads signed out.")]
    [TestCase("Staff", "olga@scileads.example", "SciLeads (olga@scileads.example) signed out.")]
    public void Actors_have_names_but_Unix_users_do_not(string kind, string name, string sentence) => Assert.That(
        text.SentenceOf(Entry(AuditAction.SignOut, "Done", about: null, Enum.Parse<ActorKind>(kind), name)), Is.EqualTo(sentence));

    [Test]
    public void Details_name_credential_sets()
    {
        var entry = Entry(AuditAction.GenerateCredentials, "Done", about: null);
        entry.Detail = $"Replaces {set.Id}.";
        Assert.That(text.DetailOf(entry), Is.EqualTo("Replaces the API token ending in 4f2Q."));
    }

    [Test]
    public void Every_action_that_concerns_an_account_can_be_put_into_words() => Assert.That(
        Enum.GetValues<AuditAction>().Where(action => !AuditText.Covers(action)),
        Is.EqualTo(new[]
        {
            AuditAction.AddResourceServer, AuditAction.RotateKeys, AuditAction.WithdrawKey, AuditAction.ListKeys,
            AuditAction.MigrateDatabase,
        }));

    private static AuditEntry Entry(
        AuditAction action,
        string outcome,
        string? about,
        ActorKind kind = ActorKind.Administrator,
        string name = "ada@example.com") => new()
        {
            Time = DateTime.UtcNow,
            ActorKind = kind,
            ActorName = name,
            Action = action,
            Outcome = Enum.Parse<AuditOutcome>(outcome),
            About = about,
        };
}
