using System.Globalization;
using Auth.Server.Credentials;
using Shared.Contracts;
using Shared.Hosting.Text;

namespace Auth.Server.Provisioning;

/// <summary>One thing to do, and where: a page of the portal, or a mail address.</summary>
internal sealed record Remedy(string Text, string Link);

/// <summary>One possible cause that was checked.</summary>
/// <param name="Cause">The cause.</param>
/// <param name="IsFine">Whether it is not the cause; null if it could not be checked.</param>
/// <param name="Text">What was found, as a sentence.</param>
/// <param name="Remedy">What to do about it; null if it is fine.</param>
internal sealed record Check(Cause Cause, bool? IsFine, string Text, Remedy? Remedy = null);

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
    private readonly IdentityProvider provider;

    private Diagnosis(Facts facts)
    {
        this.facts = facts;
        provider = IdentityProvider.Of([.. new[] { facts.Active, facts.Previous }.OfType<CredentialSet>()]);
        Checks = IsProvisioned ? [Provisioned()] : [.. AccountChecks(), .. ConnectionChecks(), .. PersonChecks()];
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
        ?? (facts.Account.AttributeRules == AttributeRuleSets.Rfc ? facts.Lookup?.OtherUser : null);

    private PortalUser? OtherPerson => Person is null ? facts.Lookup?.OtherUser : null;

    /// <summary>Where the person, or the one who has their address, is shown; null if there is nobody.</summary>
    public string? PersonLink => (Person ?? OtherPerson) is { } person ? $"{Users}/{person.Id}" : null;

    private Check Provisioned()
    {
        var connection = AccountChecks().Concat(ConnectionChecks()).FirstOrDefault(check => check.IsFine == false);
        var text = $"{facts.Address} is provisioned and active.";
        return new(Cause.None, IsFine: true, connection is null
            ? text
            : $"{text} But changes may not arrive any more: {Lower(connection.Text)}", connection?.Remedy);
    }

    private IEnumerable<Check> AccountChecks()
    {
        yield return facts.Account.ScimEnabled
            ? Fine(Cause.ScimDisabled, "SCIM is enabled for this account.")
            : Wrong(
                Cause.ScimDisabled, "SCIM is not enabled for this account.",
                "Ask support@scileads.com to enable it.", Support);
        yield return !facts.Account.Suspended
            ? Fine(Cause.Suspended, "The account is not suspended.")
            : Wrong(
                Cause.Suspended, "The account is suspended: all requests are refused.",
                "Write to support@scileads.com.", Support);
    }

    private IEnumerable<Check> ConnectionChecks()
    {
        if (facts.Active is not { } active)
        {
            yield return facts.Previous is { EndReason: null or CredentialSetEnd.Expired } expired
                ? Wrong(
                    Cause.CredentialsExpired,
                    $"The credentials expired on {Date(expired.EndedAt ?? expired.ExpiresAt)}.",
                    $"Generate new credentials, and enter them in {provider.NameInside}.", Credentials)
                : NoCredentials();
            yield break;
        }

        yield return Fine(Cause.NoCredentials, $"There are active credentials, since {Date(active.ActivatedAt)}.");
        yield return Fine(Cause.CredentialsExpired, active.ExpiresAt is { } end
            ? $"They have not expired. They expire on {Date(end)}."
            : "They do not expire.");
        var use = UseOfOldSecret(active);
        yield return use is null
            ? Fine(Cause.OldSecretInUse, "No request with replaced credentials came after the last good one.")
            : Wrong(
                Cause.OldSecretInUse,
                $"{provider.Name} still uses the credentials that were replaced on {Date(active.ActivatedAt)}: a "
                + $"request with them was refused at {Time(use.At)}.",
                $"Enter the current credentials in {provider.NameInside}. If nobody has them any more, generate new "
                + "ones.",
                Credentials);
        if (use is not null)
            yield break;
        yield return active.LastUse switch
        {
            null => Wrong(
                Cause.ProviderSilent, $"{provider.Name} has never called with the current credentials.",
                $"Enter them in {provider.NameInside}, test the connection there, and turn provisioning on.",
                Credentials),
            { At: var last } when IsSilent(last) => Wrong(
                Cause.ProviderSilent, $"{provider.Name} last called {Ago(last)} ago. {provider.Schedule}",
                $"Test the connection in {provider.NameInside}, and look whether provisioning is turned on.",
                Credentials),
            { At: var last } => Fine(Cause.ProviderSilent, $"{provider.Name} last called at {Time(last)}."),
        };
    }

    private Check NoCredentials() => facts switch
    {
        { Staged: not null } => Wrong(
            Cause.NoCredentials, "The new credentials are not active yet.",
            "Activate them when they are entered in your identity provider.", Credentials),
        { Previous: { } ended } => Wrong(
            Cause.NoCredentials,
            $"There are no active credentials: {ended.EndedBy} ended the last ones on {Date(ended.EndedAt)}.",
            $"Generate new credentials, and enter them in {provider.NameInside}.", Credentials),
        _ => Wrong(
            Cause.NoCredentials, "No credentials have been generated yet.",
            "Generate credentials, and enter them in your identity provider.", Credentials),
    };

    // The provider still uses the old secret if it did so after its last request with the current one.
    private Use? UseOfOldSecret(CredentialSet active) => facts.Previous?.LastRefusal is { } refusal
        && refusal.At >= active.ActivatedAt && !(active.LastUse?.At > refusal.At) ? refusal : null;

    // A provider without changes to send is silent as well. So this counts only if nothing is known of the person.
    private bool IsSilent(DateTime lastCall) => facts.Now - lastCall > provider.Silence
        && facts.Lookup is { User: null, OtherUser: null, Refusal: null, Deletion: null };

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
        yield return Seats(known);
        yield return known.Refusal is null
            ? Fine(Cause.Refused, "No request about this address was refused, or a later one succeeded.")
            : Refused(known.Refusal);
        yield return OtherPerson is null
            ? Fine(Cause.OtherAddress, "Nobody has it as another e-mail address.")
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
        var allowed = facts.Account.Domains;
        var domain = EmailAddress.DomainOf(facts.Address);
        return allowed.Count == 0
            ? Fine(Cause.DomainNotAllowed, "E-mail addresses of every domain are allowed.")
            : domain is null || allowed.Exists(one => EmailAddress.DomainKey(one) == domain)
                ? Fine(Cause.DomainNotAllowed, $"The domain {domain ?? "of the address"} is allowed.")
                : Wrong(
                    Cause.DomainNotAllowed, $"The domain {domain} is not one of the allowed domains.",
                    $"Ask support@scileads.com to allow {domain}, or correct the address in {provider.NameInside}.",
                    $"{Users}#domains");
    }

    private Check Seats(PortalLookup known)
    {
        var given = facts.Account.Licences.Where(licence => licence.GivenToNewUsers)
            .Select(licence => licence.Product).ToHashSet(StringComparer.Ordinal);
        var full = known.Seats.Where(seats => given.Contains(seats.Product) && seats.Used >= seats.Seats)
            .MinBy(seats => seats.Product, StringComparer.Ordinal);
        return full is null
            ? Fine(Cause.NoSeat, given.Count == 0
                ? "New people receive no product that needs a seat."
                : "There is a free seat of each product that new people receive.")
            : Wrong(
                Cause.NoSeat, $"No seat of {full.Product} is left: {full.Used} of {full.Seats} are taken.",
                "Deactivate somebody who does not need one, or ask support@scileads.com for more seats.",
                $"{Users}#seats");
    }

    private Check Refused(PortalEvent refusal)
    {
        var explained = RefusalExplanation.Of(refusal);
        var actor = refusal.Administrator ?? provider.Name;
        return new(
            Cause.Refused, IsFine: false,
            $"{actor} sent a request at {Time(refusal.Time)}, which was refused: {refusal.Reason}", explained.Remedy);
    }

    private Check Other(PortalUser other) => Wrong(
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
            { Administrator: { } administrator } => Wrong(
                Cause.DeactivatedByHand, $"{administrator} {how} on {Date(by.Time)}{Because(by)}.",
                "Reactivate this person.", PersonLink!),
            null when person.ActiveSetByHand => Wrong(
                Cause.DeactivatedByHand, "An administrator deactivated this person.", "Reactivate this person.",
                PersonLink!),
            { CredentialSet: null } => Wrong(
                Cause.DeactivatedByHand, $"SciLeads {how} on {Date(by.Time)}.", "Reactivate this person.",
                PersonLink!),
            _ => Wrong(
                Cause.DeactivatedByProvider,
                by is null
                    ? $"{provider.Name} deactivated this person."
                    : $"{provider.Name} {how} on {Date(by.Time)}.",
                $"Assign this person to SciLeads in {provider.NameInside} again.", PersonLink!),
        };
    }

    private Check Deleted(PortalEvent deletion) => Wrong(
        Cause.Deleted,
        $"{deletion.Administrator ?? provider.Name} deleted this person on {Date(deletion.Time)}.",
        $"Assign this person to SciLeads in {provider.NameInside} again. A new person is created.",
        $"{Log}?userName={Uri.EscapeDataString(facts.Address)}");

    private Check NeverRequested() => Wrong(
        Cause.NeverRequested,
        $"{provider.Name} has never asked for {facts.Address}. "
        + (facts.Active?.LastUse is { } last ? $"Its last call was at {Time(last.At)}. " : "It has never called. ")
        + provider.Schedule,
        $"Assign this person to SciLeads in {provider.NameInside}.",
        $"{Log}?search={Uri.EscapeDataString(facts.Address)}");

    private static string Because(PortalEvent by) => by.Reason is null ? "" : $" (“{by.Reason}”)";

    private static Check Fine(Cause cause, string text) => new(cause, IsFine: true, text);

    private static Check Wrong(Cause cause, string text, string remedy, string link) =>
        new(cause, IsFine: false, text, new(remedy, link));

    private static string Lower(string sentence) =>
        sentence.StartsWith("SCIM", StringComparison.Ordinal) || sentence.StartsWith("Okta", StringComparison.Ordinal)
            || sentence.StartsWith("Microsoft", StringComparison.Ordinal)
            ? sentence
            : char.ToLowerInvariant(sentence[0]) + sentence[1..];

    private string Ago(DateTime time) => (facts.Now - time) switch
    {
        { TotalDays: >= 2 } age => $"{(int)age.TotalDays} days",
        var age => $"{(int)age.TotalHours} hours",
    };

    private static string Date(DateTime? time) => time is { } at
        ? at.ToString("d MMMM yyyy", CultureInfo.InvariantCulture)
        : "an unknown day";

    private static string Time(DateTime time) =>
        time.ToString("HH:mm 'UTC on' d MMMM yyyy", CultureInfo.InvariantCulture);
}
