using Shared.Contracts;
using Shared.Hosting.Text;

namespace Auth.Server.Provisioning;

/// <summary>
/// Why a person is not provisioned. The causes are checked in the order in which they must be removed: what keeps
/// everybody out comes before what keeps this person out. The first one that applies is the answer. A person who is
/// active is provisioned, whatever else is wrong.
/// </summary>
internal sealed class Diagnosis
{
    public const string Support = "mailto:support@scileads.com";
    public const string Credentials = "/scim-credentials";
    public const string Users = "/settings/user-management";
    public const string Log = "/settings/provisioning-log";

    private readonly Facts facts;
    private readonly Connection connection;
    private readonly IdentityProvider provider;

    private Diagnosis(Facts facts)
    {
        (this.facts, connection, provider) = (facts, facts.Connection, facts.Connection.Provider);
        Checks = IsProvisioned ? [Provisioned()] : [.. ConnectionChecks(), .. PersonChecks()];
    }

    public static Diagnosis Of(Facts facts) => new(facts);

    public string Address => facts.Address;

    /// <summary>Everything that was checked, in order.</summary>
    public IReadOnlyList<Check> Checks { get; }

    /// <summary>The check that explains the answer: the first one that is not fine, or the only one.</summary>
    public Check Answer => Checks.FirstOrDefault(check => check.IsFine != true) ?? Checks[^1];

    public Cause Cause => Answer.IsFine == true ? Cause.None : Answer.Cause;

    /// <summary>
    /// Whether the person is active. If users are not named by e-mail address, one of their addresses identifies them.
    /// </summary>
    public bool IsProvisioned => Person is { Active: true };

    private PortalUser? Person => facts.Lookup?.User
        ?? (connection.Account.AttributeRules == AttributeRuleSets.Rfc ? facts.Lookup?.OtherUser : null);

    private PortalUser? OtherPerson => Person is null ? facts.Lookup?.OtherUser : null;

    /// <summary>Where the person, or the one who has their address, is shown; null if there is nobody.</summary>
    public string? PersonLink => (Person ?? OtherPerson) is { } person ? $"{Users}/{person.Id}" : null;

    private Check Provisioned()
    {
        var wrong = ConnectionChecks().FirstOrDefault(check => check.IsFine == false);
        var text = $"{facts.Address} is provisioned and active.";
        return new(Cause.None, IsFine: true, wrong is null
            ? text
            : $"{text} But changes may not arrive any more. {wrong.Text}", wrong?.Remedy);
    }

    // A provider without changes to send is silent as well. So this counts only if nothing is known of the person.
    private IEnumerable<Check> ConnectionChecks() => connection.Checks(
        countsSilence: facts.Lookup is { User: null, OtherUser: null, Refusal: null, Deletion: null });

    private IEnumerable<Check> PersonChecks()
    {
        if (facts.Lookup is not { } known)
        {
            yield return new(
                Cause.NotKnown, IsFine: null, "The list of people cannot be reached right now.",
                new("Try again in a minute.", Users));
            yield break;
        }
        yield return Domain();
        yield return connection.CheckSeats(known.Seats);
        yield return known.Refusal is null
            ? Check.Fine(Cause.Refused, "No request about this address was refused, or a later one succeeded.")
            : Refused(known.Refusal);
        yield return OtherPerson is null
            ? Check.Fine(Cause.OtherAddress, "Nobody has it as another e-mail address.")
            : Other(OtherPerson);
        if (Person is { } inactive)
            yield return Inactive(inactive, known.Deactivation);
        else if (OtherPerson is null && known.Deletion is { } deletion)
            yield return Deleted(deletion);
        // A refused request was a request.
        else if (OtherPerson is null && known.Refusal is null)
            yield return NeverRequested();
    }

    private Check Domain()
    {
        var allowed = connection.Account.Domains;
        var domain = EmailAddress.DomainOf(facts.Address);
        return allowed.Count == 0
            ? Check.Fine(Cause.DomainNotAllowed, "E-mail addresses of every domain are allowed.")
            : domain is null || allowed.Exists(one => EmailAddress.DomainKey(one) == domain)
                ? Check.Fine(Cause.DomainNotAllowed, $"The domain {domain ?? "of the address"} is allowed.")
                : Check.Wrong(
                    Cause.DomainNotAllowed, $"The domain {domain} is not one of the allowed domains.",
                    $"Ask support@scileads.com to allow {domain}, or correct the address in {provider.NameInside}.",
                    $"{Users}#domains");
    }

    private Check Refused(PortalEvent refusal)
    {
        var explained = RefusalExplanation.Of(refusal);
        var actor = refusal.Administrator ?? provider.Name;
        return new(
            Cause.Refused, IsFine: false,
            $"{actor} sent a request at {SentenceTime.Of(refusal.Time)}, which was refused: {refusal.Reason}",
            explained.Remedy);
    }

    private Check Other(PortalUser other) => Check.Wrong(
        Cause.OtherAddress,
        $"This person is listed as {other.Email}, and is {(other.Active ? "active" : "inactive")}. "
        + $"{facts.Address} is one of their e-mail addresses.",
        $"Look at {other.Email}. To change the user name, change it in {provider.NameInside}.", PersonLink!);

    private Check Inactive(PortalUser person, PortalEvent? by)
    {
        var wasCreated = by is { Outcome: not ProvisioningOutcomes.Deactivated };
        var how = wasCreated ? "created this person as inactive" : "deactivated this person";
        return by switch
        {
            { Administrator: { } administrator } => Check.Wrong(
                Cause.DeactivatedByHand, $"{administrator} {how} on {SentenceTime.DayOf(by.Time)}{Because(by)}.",
                "Reactivate this person.", PersonLink!),
            null when person.ActiveSetByHand => Check.Wrong(
                Cause.DeactivatedByHand, "An administrator deactivated this person.", "Reactivate this person.",
                PersonLink!),
            { CredentialSet: null } => Check.Wrong(
                Cause.DeactivatedByHand, $"SciLeads {how} on {SentenceTime.DayOf(by.Time)}.", "Reactivate this person.",
                PersonLink!),
            _ => Check.Wrong(
                Cause.DeactivatedByProvider,
                by is null
                    ? $"{provider.Name} deactivated this person."
                    : $"{provider.Name} {how} on {SentenceTime.DayOf(by.Time)}.",
                $"Assign this person to SciLeads in {provider.NameInside} again.", PersonLink!),
        };
    }

    private Check Deleted(PortalEvent deletion) => Check.Wrong(
        Cause.Deleted,
        $"{deletion.Administrator ?? provider.Name} deleted this person on {SentenceTime.DayOf(deletion.Time)}.",
        $"Assign this person to SciLeads in {provider.NameInside} again. A new person is created.",
        $"{Log}?userName={Uri.EscapeDataString(facts.Address)}");

    private Check NeverRequested() => Check.Wrong(
        Cause.NeverRequested,
        $"{provider.Name} has never asked for {facts.Address}. "
        + (connection.LastCall is { } last
            ? $"Its last call was at {SentenceTime.Of(last)}. "
            : "It has never called. ")
        + provider.Schedule,
        $"Assign this person to SciLeads in {provider.NameInside}.",
        $"{Log}?search={Uri.EscapeDataString(facts.Address)}");

    private static string Because(PortalEvent by) => by.Reason is null ? "" : $" (“{by.Reason}”)";
}
