using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// What an account requires of a user's attributes beyond the schema: the rules of the setup guide (userName is an
/// e-mail address; first and last name are required) or only those of RFC 7643. Unchanged values are not checked again,
/// unless the user is reactivated: inactive users may have values that break the rules, active ones may not.
/// </summary>
internal sealed class AttributeRules(AccountPolicy account)
{
    private const int MaxExternalId = 100;
    private const int MaxUserName = 254;
    private const int MaxEmail = 320;
    private const int MaxType = 100;
    private const string EmailsPlace = "emails";

    public bool ByGuide => account.AttributeRules != AttributeRuleSets.Rfc;

    /// <summary>The violations of a user (400 <c>invalidValue</c>, naming the value).</summary>
    public IEnumerable<Violation> Check(JsonObject user, JsonObject? before)
    {
        var known = before is not null && IsReactivation(user, before) ? null : before;
        return CheckIdentifiers(user, before)
            .Concat(CheckUserName(user, known))
            .Concat(CheckEmails(user, known))
            .Concat(CheckNames(user, known))
            .Concat(CheckExternalId(user, known))
            .Concat(ChangedTexts.Check(user, before))
            .Concat(SizeLimits.Check(user, before));
    }

    /// <summary>Whether an inactive user becomes active.</summary>
    public static bool IsReactivation(JsonObject user, JsonObject before) => IsActive(user) && !IsActive(before);

    public static bool IsActive(JsonObject user) => user["active"]?.GetValue<bool>() ?? true;

    public static IEnumerable<string> WorkEmails(JsonObject user) =>
        from email in (user["emails"] as JsonArray ?? []).OfType<JsonObject>()
        where IsWorkEmail(email)
        select DocumentReader.Text(email["value"])!;

    public static bool IsWorkEmail(JsonObject email) =>
        IsWork(DocumentReader.Text(email["type"])) && DocumentReader.Text(email["value"]) is not null;

    // Compared like the keys that make work e-mail addresses unique.
    private static bool IsWork(string? type) => type is not null && CaseFolding.Fold(type) == "work";

    // Checked with every rule set, but only for new values.
    private static IEnumerable<Violation> CheckIdentifiers(JsonObject user, JsonObject? before)
    {
        if (Text(user, "userName") is { } userName && userName != Text(before, "userName")
            && !string.IsNullOrWhiteSpace(userName) && Identifiers.Fault(userName) is { } wrongName)
            yield return Unfit("userName", $"userName {wrongName}");
        var old = Emails(before).Select(email => email.Value).ToHashSet(StringComparer.Ordinal);
        foreach (var (value, _) in Emails(user).Where(email => !old.Contains(email.Value)))
        {
            if (Identifiers.Fault(value) is { } wrongEmail)
                yield return Unfit(EmailsPlace, $"A value of emails {wrongEmail}");
        }
        if (Text(user, "externalId") is { } externalId && externalId != Text(before, "externalId")
            && Identifiers.FaultOfExternal(externalId) is { } wrongId)
            yield return Unfit("externalId", $"externalId {wrongId}");
    }

    private IEnumerable<Violation> CheckUserName(JsonObject user, JsonObject? known)
    {
        const string Place = "userName";
        var userName = Text(user, Place)!;
        if (userName == Text(known, Place))
            yield break;
        if (string.IsNullOrWhiteSpace(userName))
            yield return Unfit(Place, "userName is required.");
        else if (!SizeLimits.FitsIndex(userName))
            yield return Unfit(Place, TooLong("userName", userName, MaxUserName));
        else if (userName.Length > MaxUserName)
            yield return WrongForm(Place, TooLong("userName", userName, MaxUserName));
        foreach (var wrong in CheckAddress(Place, "userName", userName, KeptDomains(user, known)))
            yield return wrong;
    }

    private IEnumerable<Violation> CheckEmails(JsonObject user, JsonObject? known)
    {
        var old = Emails(known).ToHashSet();
        var domains = KeptDomains(user, known);
        foreach (var email in Emails(user).Where(email => !old.Contains(email)))
        {
            var (value, type) = email;
            if (type is { Length: > MaxType })
                yield return Unfit(EmailsPlace, TooLong("A type of emails", type, MaxType));
            if (!SizeLimits.FitsIndex(value))
                yield return Unfit(EmailsPlace, TooLong("A value of emails", value, MaxEmail));
            else if (value.Length > MaxEmail)
                yield return WrongForm(EmailsPlace, TooLong("A value of emails", value, MaxEmail));
            if (!IsWork(type))
                continue;
            foreach (var wrong in CheckAddress(EmailsPlace, "The work e-mail", value, domains))
                yield return wrong;
        }
    }

    // A single space counts as a name: authentik sends it for people who have only one name.
    private IEnumerable<Violation> CheckNames(JsonObject user, JsonObject? known) =>
        from name in new[] { (Part: "givenName", Title: "First name"), (Part: "familyName", Title: "Last name") }
        where ByGuide && Name(user, name.Part) is null && (known is null || Name(known, name.Part) is not null)
        select WrongForm($"name.{name.Part}", $"{name.Title} (name.{name.Part}) is required.");

    private static IEnumerable<Violation> CheckExternalId(JsonObject user, JsonObject? known)
    {
        const string Place = "externalId";
        if (Text(user, Place) is not { } externalId || externalId == Text(known, Place)
            || SizeLimits.Characters(externalId) <= MaxExternalId)
            yield break;
        var wrong = TooLong("externalId", externalId, MaxExternalId);
        yield return SizeLimits.FitsIndex(externalId) ? WrongForm(Place, wrong) : Unfit(Place, wrong);
    }

    private IEnumerable<Violation> CheckAddress(string place, string what, string address, HashSet<string> kept)
    {
        if (ByGuide && !EmailAddress.IsValid(address))
            yield return WrongForm(
                place, $"{what} must be an e-mail address; \"{Truncate(address)}\" is not a valid one.");
        // Otherwise a name that only resembles an address would evade the allowed domains.
        if (account.Domains.Count > 0 && EmailAddress.DomainOf(address) is { } domain && !kept.Contains(domain)
            && !account.Domains.Any(allowed => EmailAddress.DomainKey(allowed) == domain))
            yield return new(place, NotAllowed(what, Truncate(address), domain), ViolationKind.NotAllowed);
    }

    private ScimError NotAllowed(string what, string address, string domain) => ScimError.InvalidValue(
        $"{what} {address} is on the domain {domain}, which is not allowed for this account. "
        + $"Allowed domains: {string.Join(", ", account.Domains)}.");

    /// <summary>The domains that an inactive user already has, even if they are no longer allowed.</summary>
    private static HashSet<string> KeptDomains(JsonObject user, JsonObject? known) => known is null || IsActive(user)
        ? []
        : WorkEmails(known).Append(Text(known, "userName")!)
            .Select(EmailAddress.DomainOf).OfType<string>()
            .ToHashSet();

    private static IEnumerable<(string Value, string? Type)> Emails(JsonObject? user) =>
        from email in (user?["emails"] as JsonArray ?? []).OfType<JsonObject>()
        let value = DocumentReader.Text(email["value"])
        where value is not null
        select (value, DocumentReader.Text(email["type"]));

    private static string? Text(JsonObject? user, string name) => DocumentReader.Text(user?[name]);

    private static string? Name(JsonObject user, string part) =>
        DocumentReader.Text((user["name"] as JsonObject)?[part]) is { Length: > 0 } name ? name : null;

    private static string Truncate(string text) => ProvisioningEvent.Truncate(text, MaxEmail)!;

    private static string TooLong(string what, string text, int max) =>
        $"{what} has {SizeLimits.Characters(text)} characters; at most {max} are allowed.";

    private static Violation WrongForm(string place, string detail) =>
        new(place, ScimError.InvalidValue(detail), ViolationKind.WrongForm);

    private static Violation Unfit(string place, string detail) => new(place, ScimError.InvalidValue(detail));
}
