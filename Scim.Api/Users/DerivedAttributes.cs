using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// Which of the derivable attributes a client has set itself. The others follow their source: the display name follows
/// first and last name, the work e-mail follows the userName.
/// </summary>
internal readonly record struct SetByClient(bool DisplayName, bool WorkEmail);

/// <summary>
/// Derives attributes that a client omits. A client sets an attribute by sending any value in a create, or a different
/// value than we returned in a change: sending back what it has read (as Okta's PUT does) sets nothing. If a client
/// clears an attribute, the server derives it again.
/// </summary>
internal static class DerivedAttributes
{
    /// <summary>
    /// Guesses what a client has set, for users without a record of it: values that differ from the derived ones. If
    /// they are equal, nobody can tell, and following the source does the least harm.
    /// </summary>
    public static SetByClient Guess(JsonObject user) => new(
        UserDocument.DisplayName(user) is { } name && name != FullName(user),
        AttributeRules.WorkEmails(user).Any()
            && !AttributeRules.WorkEmails(user).SequenceEqual([UserDocument.UserName(user)!]));

    /// <summary>
    /// Adds the derived values to the requested user, and returns what the client has set from now on.
    /// <paramref name="hasWorkEmail"/> tells whether every user of the account has a work e-mail.
    /// </summary>
    public static SetByClient Complete(JsonObject user, JsonObject? before, SetByClient known, bool hasWorkEmail) =>
        new(CompleteDisplayName(user, before, known.DisplayName),
            CompleteWorkEmail(user, before, known.WorkEmail, hasWorkEmail));

    private static bool CompleteDisplayName(JsonObject user, JsonObject? before, bool isSet)
    {
        var sent = UserDocument.DisplayName(user);
        var isEcho = before is not null && sent is not null && sent == UserDocument.DisplayName(before);
        if (sent is not null && (isSet || !isEcho))
            return isSet || !isEcho;
        if (isEcho && JsonNode.DeepEquals(before!["name"], user["name"]))
            return false;
        if (FullName(user) is { Length: > 0 } name)
            user["displayName"] = name;
        else
            user.Remove("displayName");
        return false;
    }

    private static bool CompleteWorkEmail(JsonObject user, JsonObject? before, bool isSet, bool hasWorkEmail)
    {
        var userName = UserDocument.UserName(user)!;
        var isRenamed = before is not null && UserDocument.UserName(before) != userName;
        var sent = WorkEmailsIn(user).ToList();
        if (sent.Count == 0)
        {
            if (hasWorkEmail && (before is null || isRenamed || WorkEmailsIn(before).Any()))
                AddWorkEmail(user, userName);
            return false;
        }
        if (before is null || isSet || DerivedIn(before) is not { } derived)
            return true;
        if (sent.Find(email => DocumentReader.Text(email["value"]) == derived) is not { } echo)
            return true;
        if (!isRenamed || derived == userName)
            return false;
        return Follow(user, echo, userName, hasWorkEmail);
    }

    // If the client has added the new address itself as a second one, the derived one is removed.
    private static bool Follow(JsonObject user, JsonObject derived, string userName, bool hasWorkEmail)
    {
        var isThere = WorkEmailsIn(user).Any(
            email => email != derived && IsSame(DocumentReader.Text(email["value"])!, userName));
        if (!isThere && (hasWorkEmail || EmailAddress.IsValid(userName)))
        {
            derived["value"] = userName;
            return false;
        }
        var emails = user["emails"]!.AsArray();
        emails.Remove(derived);
        if (emails.Count == 0)
            user.Remove("emails");
        return isThere;
    }

    /// <summary>The derived work e-mail: the userName, unless it could not follow the userName.</summary>
    private static string? DerivedIn(JsonObject user)
    {
        var emails = AttributeRules.WorkEmails(user).ToList();
        return emails.Find(email => email == UserDocument.UserName(user)) ?? emails.FirstOrDefault();
    }

    private static IEnumerable<JsonObject> WorkEmailsIn(JsonObject user) =>
        (user["emails"] as JsonArray ?? []).OfType<JsonObject>().Where(AttributeRules.IsWorkEmail);

    private static void AddWorkEmail(JsonObject user, string address)
    {
        if (user["emails"] is not JsonArray emails)
            user["emails"] = emails = [];
        var primary = emails.Any(email => email?["primary"]?.GetValue<bool>() == true);
        emails.Add(new JsonObject { ["value"] = address, ["type"] = "work", ["primary"] = !primary });
    }

    // Some people have only one name, for which clients send white space as the other one.
    private static string FullName(JsonObject user) => string.Join(
        ' ',
        new[] { UserDocument.GivenName(user), UserDocument.FamilyName(user) }
            .Where(name => !string.IsNullOrWhiteSpace(name)));

    private static bool IsSame(string one, string other) => CaseFolding.Fold(one) == CaseFolding.Fold(other);
}
