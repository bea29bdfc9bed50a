using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Contracts;
using Shared.Contracts.Text;

namespace Scim.Api.Provisioning;

/// <summary>
/// What an account demands of a user's attributes beyond the schema: by the guide (people are named by e-mail, and have
/// a first and a last name) or by RFC 7643 alone. What the user was before is not held against it again, so that a user
/// from before a rule can still be deactivated.
/// </summary>
internal sealed class AttributeRules(AccountPolicy account)
{
    private const int MaxExternalId = 100;
    private const int MaxUserName = 254;
    private const int MaxEmail = 320;
    private const int MaxType = 100;

    public bool ByGuide => account.AttributeRules != AttributeRuleSets.Rfc;

    /// <summary>Puts in what follows from the rest: display name, work e-mail, whether the user is active.</summary>
    public void Complete(JsonObject user, JsonObject? before)
    {
        user["active"] ??= before is null || IsActive(before);
        if (Text(user, "displayName") is null && FullName(user) is { Length: > 0 } name)
            user["displayName"] = name;
        var userName = Text(user, "userName")!;
        if (ByGuide && !WorkEmails(user).Any()
            && (before is null || WorkEmails(before).Any() || Text(before, "userName") != userName))
            AddWorkEmail(user, userName);
    }

    /// <summary>Refuses a user that breaks a rule (400 <c>invalidValue</c>), naming the value.</summary>
    public void Check(JsonObject user, JsonObject? before)
    {
        CheckIdentifiers(user, before);
        var reactivated = before is not null && IsActive(user) && !IsActive(before);
        if (before is null || reactivated || Text(before, "userName") != Text(user, "userName"))
            CheckUserName(Text(user, "userName")!);

        var known = before is null || reactivated ? [] : WorkEmails(before).ToHashSet(StringComparer.Ordinal);
        foreach (var email in WorkEmails(user).Where(email => !known.Contains(email)))
            CheckWorkEmail(email);

        foreach (var (part, title) in new[] { ("givenName", "First name"), ("familyName", "Last name") })
        {
            if (ByGuide && Name(user, part) is null && (before is null || Name(before, part) is not null))
                throw Invalid($"{title} (name.{part}) is required.");
        }
        CheckLengths(user);
    }

    // Under every rule set, but only what is new.
    private static void CheckIdentifiers(JsonObject user, JsonObject? before)
    {
        if (Text(user, "userName") is { } userName && userName != Text(before, "userName")
            && !string.IsNullOrWhiteSpace(userName))
            Refuse("userName", Identifiers.Fault(userName));
        var known = Emails(before).ToHashSet(StringComparer.Ordinal);
        foreach (var email in Emails(user).Where(email => !known.Contains(email)))
            Refuse("A value of emails", Identifiers.Fault(email));
        if (Text(user, "externalId") is { } externalId && externalId != Text(before, "externalId"))
            Refuse("externalId", Identifiers.FaultOfForeign(externalId));

        static void Refuse(string what, string? fault)
        {
            if (fault is not null)
                throw Invalid($"{what} {fault}");
        }
    }

    private static IEnumerable<string> Emails(JsonObject? user) =>
        from email in user?["emails"] as JsonArray ?? []
        let value = DocumentReader.Text(email?["value"])
        where value is not null
        select value;

    public static IEnumerable<string> WorkEmails(JsonObject user) =>
        from email in user["emails"] as JsonArray ?? []
        where "work".Equals(DocumentReader.Text(email?["type"]), StringComparison.OrdinalIgnoreCase)
        let value = DocumentReader.Text(email?["value"])
        where value is not null
        select value;

    private void CheckUserName(string userName)
    {
        if (userName.Length > MaxUserName)
            throw Invalid($"userName has {userName.Length} characters; at most {MaxUserName} are possible.");
        if (string.IsNullOrWhiteSpace(userName))
            throw Invalid("userName is required.");
        CheckAddress("userName", userName);
    }

    private void CheckWorkEmail(string email) => CheckAddress("The work e-mail", email);

    private void CheckAddress(string what, string address)
    {
        if (ByGuide && !EmailAddress.IsOne(address))
            throw Invalid($"{what} must be an e-mail address, and \"{address}\" is none.");
        // A name that only resembles an address is no way around the domains.
        if (EmailAddress.DomainOf(address) is not { } written)
            return;
        var domain = CaseFolding.Fold(written);
        if (account.Domains.Count > 0 && !account.Domains.Any(allowed => CaseFolding.Fold(allowed) == domain))
            throw Invalid(
                $"{what} {address} is on the domain {domain}, which is not allowed for this account. "
                + $"Allowed are: {string.Join(", ", account.Domains)}.");
    }

    private static void CheckLengths(JsonObject user)
    {
        if (Text(user, "externalId") is { } externalId && Characters(externalId) is > MaxExternalId and var length)
            throw Invalid($"externalId has {length} characters; at most {MaxExternalId} are possible.");
        foreach (var email in (user["emails"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (DocumentReader.Text(email["value"]) is { Length: > MaxEmail and var value })
                throw Invalid($"A value of emails has {value} characters; at most {MaxEmail} are possible.");
            if (DocumentReader.Text(email["type"]) is { Length: > MaxType and var type })
                throw Invalid($"A type of emails has {type} characters; at most {MaxType} are possible.");
        }
    }

    private static void AddWorkEmail(JsonObject user, string address)
    {
        if (user["emails"] is not JsonArray emails)
            user["emails"] = emails = [];
        var primary = emails.Any(email => email?["primary"]?.GetValue<bool>() == true);
        emails.Add(new JsonObject { ["value"] = address, ["type"] = "work", ["primary"] = !primary });
    }

    private static bool IsActive(JsonObject user) => user["active"]?.GetValue<bool>() ?? true;

    private static string? Text(JsonObject? user, string name) => DocumentReader.Text(user?[name]);

    // Spaces, which authentik sends for people who have one name, are no part of a display name.
    private static string FullName(JsonObject user) => string.Join(
        ' ',
        new[] { Name(user, "givenName"), Name(user, "familyName") }.Where(name => !string.IsNullOrWhiteSpace(name)));

    private static string? Name(JsonObject user, string part) =>
        DocumentReader.Text((user["name"] as JsonObject)?[part]);

    private static int Characters(string text) => text.EnumerateRunes().Count();

    private static ScimException Invalid(string detail) => new(ScimError.InvalidValue(detail));
}
