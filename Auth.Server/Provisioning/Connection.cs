using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>
/// How an account is connected with its identity provider, as far as this server knows: what keeps everybody out,
/// whoever the person.
/// </summary>
internal sealed class Connection
{
    public required Account Account { get; init; }

    /// <summary>The time at which this was read, UTC.</summary>
    public required DateTime Now { get; init; }

    /// <summary>The account's live credential set.</summary>
    public CredentialSet? Active { get; init; }

    /// <summary>A set that is ready to become active.</summary>
    public CredentialSet? Staged { get; init; }

    /// <summary>The set that was active before <see cref="Active"/> or, if there is none, the last one.</summary>
    public CredentialSet? Previous { get; init; }

    /// <summary>The newest event that an identity provider has caused; null if none is known.</summary>
    public PortalEvent? LastEvent { get; init; }

    /// <summary>
    /// When the provider last used the active credentials, UTC; null if never. Uses are saved in batches, so
    /// <see cref="LastEvent"/> may be newer.
    /// </summary>
    public DateTime? LastCall => new[]
    {
        Active?.LastUse?.At, LastEvent is not null && LastEvent.CredentialSet == Active?.Id ? LastEvent.Time : null,
    }.Max();

    /// <summary>The provider that last used the credentials.</summary>
    public IdentityProvider Provider =>
        IdentityProvider.Of([.. new[] { Active, Previous }.OfType<CredentialSet>()]);

    public static async Task<Connection> Read(
        Account account, CredentialHistory credentials, PortalEvent? lastEvent, CancellationToken cancellation)
    {
        var active = await credentials.FindActive(account.Id, cancellation);
        return new()
        {
            Account = account,
            Now = credentials.Now,
            LastEvent = lastEvent,
            Active = active,
            Staged = await credentials.FindStaged(account.Id, cancellation),
            Previous = active is null
                ? await credentials.FindLast(account.Id, cancellation)
                : await credentials.FindBefore(active, cancellation),
        };
    }

    /// <summary>Checks the account, its credentials and their use, in this order.</summary>
    /// <param name="countsSilence">Whether it is wrong that the provider has not called for a long time.</param>
    public IEnumerable<Check> Checks(bool countsSilence) => CheckAccount().Concat(CheckCredentials(countsSilence));

    /// <summary>Checks whether new people receive a seat.</summary>
    public Check CheckSeats(IReadOnlyList<ProductSeats> counted)
    {
        var given = Account.Licences.Where(licence => licence.GivenToNewUsers)
            .Select(licence => licence.Product).ToHashSet(StringComparer.Ordinal);
        var full = counted.Where(seats => given.Contains(seats.Product) && seats.Used >= seats.Seats)
            .MinBy(seats => seats.Product, StringComparer.Ordinal);
        return full is null
            ? Check.Fine(Cause.NoSeat, given.Count == 0
                ? "New people receive no product that needs a seat."
                : "There is a free seat of each product that new people receive.")
            : Check.Wrong(
                Cause.NoSeat, $"No seat of {full.Product} is left: {full.Used} of {full.Seats} are taken.",
                "Deactivate somebody who does not need one, or ask support@scileads.com for more seats.",
                $"{Diagnosis.Users}#seats");
    }

    private IEnumerable<Check> CheckAccount()
    {
        yield return Account.ScimEnabled
            ? Check.Fine(Cause.ScimDisabled, "SCIM is enabled for this account.")
            : Check.Wrong(
                Cause.ScimDisabled, "SCIM is not enabled for this account.",
                "Ask support@scileads.com to enable it.", Diagnosis.Support);
        yield return !Account.Suspended
            ? Check.Fine(Cause.Suspended, "The account is not suspended.")
            : Check.Wrong(
                Cause.Suspended, "The account is suspended: all requests are refused.",
                "Ask support@scileads.com why.", Diagnosis.Support);
    }

    private IEnumerable<Check> CheckCredentials(bool countsSilence)
    {
        if (Active is not { } active)
        {
            yield return Previous is { EndReason: null or CredentialSetEnd.Expired } expired
                ? Check.Wrong(
                    Cause.CredentialsExpired,
                    $"The credentials expired on {SentenceTime.DayOf(expired.EndedAt ?? expired.ExpiresAt)}.",
                    $"Generate new credentials, and enter them in {Provider.NameInside}.", Diagnosis.Credentials)
                : NoCredentials();
            yield break;
        }

        yield return Check.Fine(
            Cause.NoCredentials, $"There are active credentials, since {SentenceTime.DayOf(active.ActivatedAt)}.");
        yield return Check.Fine(Cause.CredentialsExpired, active.ExpiresAt is { } end
            ? $"They have not expired. They expire on {SentenceTime.DayOf(end)}."
            : "They do not expire.");
        var use = UseOfOldSecret(active);
        yield return use is null
            ? Check.Fine(Cause.OldSecretInUse, "No request with replaced credentials came after the last good one.")
            : Check.Wrong(
                Cause.OldSecretInUse,
                $"{Provider.Name} still uses the credentials that were replaced on "
                + $"{SentenceTime.DayOf(active.ActivatedAt)}: a request with them was refused at "
                + $"{SentenceTime.Of(use.At)}.",
                $"Enter the current credentials in {Provider.NameInside}. If nobody has them any more, generate new "
                + "ones.",
                Diagnosis.Credentials);
        if (use is not null)
            yield break;
        yield return LastCall switch
        {
            null => Check.Wrong(
                Cause.ProviderSilent, $"{Provider.Name} has never called with the current credentials.",
                $"Enter them in {Provider.NameInside}, test the connection there, and turn provisioning on.",
                Diagnosis.Credentials),
            { } last when countsSilence && Now - last > Provider.Silence => Check.Wrong(
                Cause.ProviderSilent, $"{Provider.Name} last called {Ago(last)} ago. {Provider.Schedule}",
                $"Test the connection in {Provider.NameInside}, and look whether provisioning is turned on.",
                Diagnosis.Credentials),
            { } last => Check.Fine(
                Cause.ProviderSilent, $"{Provider.Name} last called at {SentenceTime.Of(last)}."),
        };
    }

    private Check NoCredentials() => this switch
    {
        { Staged: not null } => Check.Wrong(
            Cause.NoCredentials, "The new credentials are not active yet.",
            "Activate them when they are entered in your identity provider.", Diagnosis.Credentials),
        { Previous: { } ended } => Check.Wrong(
            Cause.NoCredentials,
            $"There are no active credentials: {ended.EndedBy} ended the last ones on "
            + $"{SentenceTime.DayOf(ended.EndedAt)}.",
            $"Generate new credentials, and enter them in {Provider.NameInside}.", Diagnosis.Credentials),
        _ => Check.Wrong(
            Cause.NoCredentials, "No credentials have been generated yet.",
            "Generate credentials, and enter them in your identity provider.", Diagnosis.Credentials),
    };

    // The provider still uses the old secret if it did so after its last request with the current one.
    private Use? UseOfOldSecret(CredentialSet active) => Previous?.LastRefusal is { } refusal
        && refusal.At >= active.ActivatedAt && !(LastCall > refusal.At) ? refusal : null;

    private string Ago(DateTime time) => (Now - time) switch
    {
        { TotalDays: >= 2 } age => $"{(int)age.TotalDays} days",
        var age => $"{(int)age.TotalHours} hours",
    };
}
