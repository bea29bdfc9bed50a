using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Tests.Provisioning;

/// <summary>Why a person is not provisioned: each row seeds one situation, and the first cause must be the right one.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class DiagnosisTests
{
    private const string Jane = "jane@example.com";
    private static readonly DateTime now = new(2026, 11, 20, 12, 0, 0, DateTimeKind.Utc);

    // In an account where everything works, nobody has ever asked for Jane. The words say what is different.
    [TestCase("", "NeverRequested")]
    // One cause
    [TestCase("scim-off", "ScimDisabled")]
    [TestCase("suspended", "Suspended")]
    [TestCase("no-set", "NoCredentials")]
    [TestCase("revoked", "NoCredentials")]
    [TestCase("key-withdrawn", "NoCredentials")]
    [TestCase("no-set staged", "NoCredentials")]
    [TestCase("expired", "CredentialsExpired")]
    [TestCase("old-secret", "OldSecretInUse")]
    [TestCase("old-secret never-used", "OldSecretInUse")]
    [TestCase("never-used", "ProviderSilent")]
    [TestCase("silent", "ProviderSilent")]
    [TestCase("entra silent-for-a-day", "ProviderSilent")]
    [TestCase("unreachable", "NotKnown")]
    [TestCase("domains", "DomainNotAllowed")]
    [TestCase("full", "NoSeat")]
    [TestCase("over-full", "NoSeat")]
    [TestCase("refused", "Refused")]
    [TestCase("other-address", "OtherAddress")]
    [TestCase("other-address other-inactive", "OtherAddress")]
    [TestCase("by-hand", "DeactivatedByHand")]
    [TestCase("by-hand log-pruned", "DeactivatedByHand")]
    [TestCase("by-import", "DeactivatedByHand")]
    [TestCase("by-provider", "DeactivatedByProvider")]
    [TestCase("by-provider log-pruned", "DeactivatedByProvider")]
    [TestCase("created-inactive", "DeactivatedByProvider")]
    [TestCase("deleted", "Deleted")]
    // What looks like a cause, and is none
    [TestCase("old-secret-before-last-use", "NeverRequested")]
    [TestCase("old-secret-before-activation", "NeverRequested")]
    [TestCase("silent-for-a-day", "NeverRequested", Description = "Okta calls only when something changes.")]
    [TestCase("staged", "NeverRequested", Description = "A rotation has been prepared.")]
    [TestCase("never-used event", "NeverRequested", Description = "The use of the set has not been saved yet.")]
    [TestCase("never-used event-of-old-set", "ProviderSilent")]
    [TestCase("old-secret event", "NeverRequested")]
    [TestCase("silent event", "NeverRequested")]
    [TestCase("domain-allowed", "NeverRequested")]
    [TestCase("full-of-other-product", "NeverRequested", Description = "New people do not receive it.")]
    [TestCase("silent by-provider", "DeactivatedByProvider", Description = "The provider has said why it is silent.")]
    // Combinations: what must be removed first
    [TestCase("scim-off suspended", "ScimDisabled")]
    [TestCase("suspended no-set", "Suspended")]
    [TestCase("scim-off expired full", "ScimDisabled")]
    [TestCase("expired full refused", "CredentialsExpired")]
    [TestCase("revoked by-provider", "NoCredentials")]
    [TestCase("old-secret domains full", "OldSecretInUse")]
    [TestCase("never-used domains", "ProviderSilent")]
    [TestCase("unreachable expired", "CredentialsExpired")]
    [TestCase("unreachable old-secret", "OldSecretInUse")]
    [TestCase("domains full refused", "DomainNotAllowed")]
    [TestCase("full refused", "NoSeat")]
    [TestCase("refused by-provider", "Refused", Description = "The newest event is the refusal.")]
    [TestCase("refused other-address", "Refused")]
    [TestCase("refused deleted", "Refused")]
    [TestCase("full by-hand", "NoSeat", Description = "Reactivation needs a seat.")]
    [TestCase("rfc other-address other-inactive by-hand", "DeactivatedByHand", Description = "Known by an address.")]
    // Provisioned and active, whatever else is wrong
    [TestCase("active", "None")]
    [TestCase("active full", "None", Description = "Jane has her seat.")]
    [TestCase("active domains", "None", Description = "She was there before the rule.")]
    [TestCase("active silent", "None")]
    [TestCase("active expired", "None")]
    [TestCase("active scim-off suspended", "None")]
    [TestCase("rfc other-address", "None", Description = "Users are not named by e-mail address.")]
    public void The_first_cause_is_the_right_one(string situation, string cause)
    {
        var diagnosis = Diagnosis.Of(Seed(situation));

        Assert.That($"{diagnosis.Cause}", Is.EqualTo(cause), string.Join('\n', diagnosis.Checks));
        var before = diagnosis.Checks.TakeWhile(check => check != diagnosis.Answer).ToList();
        Assert.That(before, Has.All.Property("IsFine").True, "Only ticks come before the first cross.");
        Assert.That(
            diagnosis.Checks.Select(check => check.Cause), Is.Ordered.And.Unique, "The order is always the same.");
        Assert.That(diagnosis.Checks.Where(check => check.IsFine != true), Has.All.Property("Remedy").Not.Null);
        Assert.That(diagnosis.Checks.Select(check => check.Text), Has.All.EndsWith(".").Or.All.Contains(": "));
        if (situation.Contains("refused", StringComparison.Ordinal))
            Assert.That(diagnosis.Checks.Select(check => check.Cause), Does.Not.Contain(Cause.NeverRequested));
        if (cause == "None")
            Assert.That(diagnosis.Answer.Text, Does.StartWith($"{Jane} is provisioned and active."));
    }

    [TestCase("", "Okta has never asked for jane@example.com. Its last call was at 11:00 UTC on 20 November 2026. Okta "
        + "calls when a person is assigned to the app or changed.", "Assign this person to SciLeads in Okta.",
        "/settings/provisioning-log?search=jane%40example.com")]
    [TestCase("full", "No seat of portal is left: 10 of 10 are taken.", "Deactivate somebody who does not need one, or "
        + "ask support@scileads.com for more seats.", "/settings/user-management#seats")]
    [TestCase("refused", "Okta sent a request at 10:00 UTC on 20 November 2026, which was refused: First name "
        + "(name.givenName) is required.", "Fill in the attribute at your identity provider, and look whether it is "
        + "mapped.", "/settings/user-management?search=jane%40example.com")]
    [TestCase("by-hand", "ada@example.com deactivated this person on 20 November 2026 (“left”).",
        "Reactivate this person.", "/settings/user-management/01900000-0000-7000-8000-000000000001")]
    [TestCase("expired", "The credentials expired on 1 November 2026.",
        "Generate new credentials, and enter them in Okta.", "/scim-credentials")]
    [TestCase("active expired", "jane@example.com is provisioned and active. But changes may not arrive any more. The "
        + "credentials expired on 1 November 2026.", "Generate new credentials, and enter them in Okta.",
        "/scim-credentials")]
    public void The_answer_has_one_thing_to_do_and_where(string situation, string text, string remedy, string link)
    {
        var answer = Diagnosis.Of(Seed(situation)).Answer;
        Assert.That((answer.Text, answer.Remedy), Is.EqualTo((text, new Remedy(remedy, link))));
    }

    [TestCase(RefusalCauses.Token, "needs a token of the active credentials", "/scim-credentials")]
    [TestCase(RefusalCauses.Seats, "needs a seat", "/settings/user-management#seats")]
    [TestCase(RefusalCauses.ScimDisabled, "must be enabled", "mailto:support@scileads.com")]
    [TestCase(RefusalCauses.Forbidden, "must be allowed", "mailto:support@scileads.com")]
    [TestCase(RefusalCauses.NotFound, "only while they exist", "/settings/user-management")]
    [TestCase(RefusalCauses.Conflict, "No two people", "/settings/user-management?search=jane%40example.com")]
    [TestCase(RefusalCauses.Version, "version", "/settings/provisioning-log")]
    [TestCase(RefusalCauses.RateLimit, "limited number", "/settings/provisioning-log")]
    [TestCase(RefusalCauses.Groups, "Groups", "/settings/provisioning-log")]
    [TestCase(RefusalCauses.Unavailable, "could not be sure", "/settings/provisioning-log")]
    [TestCase(RefusalCauses.Domain, "allowed domains", "/settings/user-management#domains")]
    [TestCase(RefusalCauses.Required, "are required", "/settings/user-management?search=jane%40example.com")]
    [TestCase(RefusalCauses.Invalid, "follow the rules", "/settings/user-management?search=jane%40example.com")]
    [TestCase("a cause of a newer server", "follow the rules", "/settings/user-management?search=jane%40example.com")]
    public void A_refusal_has_a_rule_and_a_remedy(string cause, string rule, string link)
    {
        var explained = RefusalExplanation.Of(Event("refused") with { Cause = cause });
        Assert.That(explained.Rule, Does.Contain(rule));
        Assert.That((explained.Remedy.Text is "", explained.Remedy.Link), Is.EqualTo((false, link)));
        Assert.That(
            explained.Remedy.Text.StartsWith("Nothing:", StringComparison.Ordinal), Is.EqualTo(explained.IsRetried));
    }

    [Test]
    public void Refusals_about_several_people_lead_to_the_log() =>
        Assert.That(
            RefusalExplanation.Of(RefusalCauses.Conflict, userName: null).Remedy.Link,
            Is.EqualTo("/settings/provisioning-log?outcome=refused"));

    private static Facts Seed(string situation)
    {
        var words = situation.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet();
        bool Says(string word) => words.Remove(word);
        var account = new Account
        {
            Name = "Acme",
            CreatedAt = now.AddYears(-1),
            ScimEnabled = !Says("scim-off"),
            Suspended = Says("suspended"),
            Domains = Says("domains") ? ["other.org", "else.org"] : Says("domain-allowed") ? ["EXAMPLE.com"] : [],
            AttributeRules = Says("rfc") ? AttributeRuleSets.Rfc : AttributeRuleSets.Guide,
            Licences =
            [
                new() { Product = "portal", Seats = 10 },
                new() { Product = "insights", Seats = 10, GivenToNewUsers = false },
            ],
        };
        var used = Says("full") ? 10 : Says("over-full") ? 12 : 9;
        var lookup = new PortalLookup
        {
            Seats =
            [
                new() { Product = "portal", Seats = 10, Used = used },
                new() { Product = "insights", Seats = 10, Used = Says("full-of-other-product") ? 10 : 0 },
            ],
        };
        if (Says("refused"))
            lookup = lookup with
            {
                Refusal = Event("refused") with
                {
                    Reason = "First name (name.givenName) is required.", Cause = RefusalCauses.Required,
                },
            };
        if (Says("deleted"))
            lookup = lookup with { Deletion = Event("deleted") };
        if (Says("other-address"))
            lookup = lookup with { OtherUser = User("j.doe@example.com", active: !Says("other-inactive")) };
        if (Says("active"))
            lookup = lookup with { User = User(Jane, active: true) };
        if (Says("by-hand"))
            lookup = Inactive(lookup, byHand: true, Event("deactivated") with
            {
                Administrator = "ada@example.com", CredentialSet = null, Reason = "left",
            });
        if (Says("by-import"))
            lookup = Inactive(lookup, byHand: false, Event("deactivated") with { CredentialSet = null });
        if (Says("by-provider"))
            lookup = Inactive(lookup, byHand: false, Event("deactivated"));
        if (Says("created-inactive"))
            lookup = Inactive(lookup, byHand: false, Event("created"));
        if (Says("log-pruned"))
            lookup = lookup with { Deactivation = null };

        var userAgent = Says("entra") ? "Microsoft Entra ID" : "Okta SCIM Client 1.0.0";
        var lastUse = now.AddHours(Says("silent") ? -24 * 30 : Says("silent-for-a-day") ? -26 : -1);
        var active = Set(CredentialSetState.Active, now.AddDays(-40));
        active.LastUse = Says("never-used") ? null : new() { At = lastUse, UserAgent = userAgent };
        var previous = Set(CredentialSetState.Ended, now.AddDays(-90));
        (previous.EndReason, previous.EndedAt, previous.EndedBy) =
            (CredentialSetEnd.Superseded, active.ActivatedAt, "ada@example.com");
        previous.LastUse = new() { At = now.AddDays(-41), UserAgent = userAgent };
        DateTime? refusal = Says("old-secret") ? now.AddMinutes(-5)
            : Says("old-secret-before-last-use") ? now.AddHours(-2)
            : Says("old-secret-before-activation") ? now.AddDays(-50)
            : null;
        previous.LastRefusal = refusal is { } at ? new() { At = at } : null;
        CredentialSetEnd? ended = Says("revoked") ? CredentialSetEnd.Revoked
            : Says("key-withdrawn") ? CredentialSetEnd.KeyWithdrawn
            : Says("expired") ? CredentialSetEnd.Expired
            : null;
        if (ended is not null)
            (previous.EndReason, previous.EndedAt) = (ended, new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        var hasNone = Says("no-set");
        CredentialSet? ofEvent = Says("event") ? active : Says("event-of-old-set") ? previous : null;
        var facts = new Facts
        {
            Address = Jane,
            Connection = new()
            {
                Account = account,
                Now = now,
                Active = hasNone || ended is not null ? null : active,
                Previous = hasNone ? null : previous,
                LastEvent = ofEvent is null
                    ? null
                    : Event("created") with { CredentialSet = ofEvent.Id, Time = now.AddMinutes(-1) },
                Staged = Says("staged") ? Set(CredentialSetState.Staged, now.AddDays(-1)) : null,
            },
            Lookup = Says("unreachable") ? null : lookup,
        };
        Assert.That(words, Is.Empty, "Each word has a meaning.");
        return facts;
    }

    private static PortalLookup Inactive(PortalLookup lookup, bool byHand, PortalEvent by) => lookup with
    {
        User = lookup.OtherUser is null ? User(Jane, active: false) with { ActiveSetByHand = byHand } : null,
        Deactivation = by,
    };

    private static PortalUser User(string email, bool active) => new()
    {
        Id = Guid.Parse("01900000-0000-7000-8000-000000000001"),
        Email = email,
        Active = active,
        Licences = [],
        Source = UserSources.Scim,
    };

    private static PortalEvent Event(string outcome) => new()
    {
        Id = Guid.CreateVersion7(),
        Time = now.AddHours(-2),
        Operation = "patch",
        Outcome = outcome,
        UserName = Jane,
        Status = 400,
        CredentialSet = Guid.CreateVersion7(),
        Changed = [],
        Habits = [],
    };

    private static CredentialSet Set(CredentialSetState state, DateTime since) => new()
    {
        AccountId = Guid.CreateVersion7(),
        Method = CredentialMethods.DirectJwt,
        State = state,
        CreatedAt = since,
        CreatedBy = "ada@example.com",
        ActivatedAt = state == CredentialSetState.Staged ? null : since,
        ExpiresAt = since.AddYears(1),
    };
}
