using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Messages;
using Auth.Server.Provisioning;

namespace Auth.Server.Notices;

/// <summary>
/// The words of notices. Each says what happened and what that means, and ends with one thing to do.
/// </summary>
internal sealed class NoticeText(AuthOptions auth)
{
    /// <summary>The credentials of an account expire soon.</summary>
    public Message CredentialsExpire(CredentialSet set, DateTime now)
    {
        var days = Math.Ceiling((set.ExpiresAt!.Value - now).TotalDays);
        var provider = IdentityProvider.Of(set);
        return AboutCredentials(
            set,
            $"The SCIM credentials of {set.Account.Name} expire {(days <= 1 ? "within a day" : $"in {days} days")}",
            $"The SCIM credentials of {set.Account.Name}{Ending(set)} expire at "
            + $"{SentenceTime.Of(set.ExpiresAt.Value)}. From then on, {provider.NameInside} can no longer create, "
            + "change or deactivate people in SciLeads.",
            $"Before then, generate new credentials, and enter them in {provider.NameInside}. The current ones keep "
            + "working until the new ones take over.");
    }

    /// <summary>Staged credentials expire without having been used.</summary>
    public Message StagedUnused(CredentialSet set) => AboutCredentials(
        set,
        $"New SCIM credentials of {set.Account.Name} are waiting",
        $"{set.CreatedBy} generated new SCIM credentials{Ending(set)} for {set.Account.Name} on "
        + $"{SentenceTime.DayOf(set.CreatedAt)}. They are not in effect yet, and expire unused at "
        + $"{SentenceTime.Of(set.ActivateBefore!.Value)}.",
        set.Activation == Activation.FirstUse
            ? "Before then, enter them at your identity provider: they take effect when it first uses them. If nobody "
            + "has them any more, generate others."
            : "Before then, activate them. If nobody has them any more, generate others.");

    /// <summary>Something still uses credentials that have ended.</summary>
    public Message EndedInUse(CredentialSet set)
    {
        var provider = IdentityProvider.Of(set);
        var from = set.LastRefusal!.Address is { } address ? $" from {address}" : "";
        return AboutCredentials(
            set,
            $"Ended SCIM credentials of {set.Account.Name} are still in use",
            $"SCIM credentials of {set.Account.Name}{Ending(set)} ended on {SentenceTime.DayOf(set.EndedAt)}, but "
            + $"requests with them still arrive. They are refused, most recently at "
            + $"{SentenceTime.Of(set.LastRefusal.At)}{from}.",
            $"Enter the current credentials in {provider.NameInside}, and wherever else the old ones may be. If nobody "
            + "has the current ones, generate new ones.");
    }

    /// <summary>The identity provider has not called for an unusually long time.</summary>
    public Message ProviderSilent(CredentialSet set, DateTime now)
    {
        var provider = IdentityProvider.Of(set);
        var days = Math.Floor((now - set.LastUse!.At).TotalDays);
        return AboutCredentials(
            set,
            $"{provider.Name} has not called SciLeads for {(days == 1 ? "a day" : $"{days} days")}",
            $"The last call for {set.Account.Name} was at {SentenceTime.Of(set.LastUse.At)}. {provider.Schedule} If "
            + "people were assigned or changed since then, SciLeads does not know.",
            $"Test the connection in {provider.NameInside}, and check that provisioning is turned on there.");
    }

    /// <summary>No seat of a product that new people receive is left.</summary>
    public Message SeatsFull(Account account, AccountLicence licence) => new(
        $"No seat of {licence.Product} is left for {account.Name}",
        [
            $"All {licence.Seats} seats of {licence.Product} are taken. From now on, SciLeads refuses new people of "
            + $"{account.Name} and people who are reactivated.",
            "Deactivate somebody who does not need a seat, or ask support@scileads.com for more seats.",
        ],
        "Open User Management",
        new(auth.PublicUrl, Diagnosis.Users),
        ReasonOf(account));

    private Message AboutCredentials(CredentialSet set, string subject, params string[] paragraphs) => new(
        subject,
        paragraphs,
        "Open SCIM Credentials",
        new(auth.PublicUrl, Diagnosis.Credentials),
        ReasonOf(set.Account));

    private static string ReasonOf(Account account) =>
        $"You receive this message because you are an administrator of {account.Name} in SciLeads.";

    private static string Ending(CredentialSet set) => set.LastFour == "" ? "" : $" that end in {set.LastFour}";
}
