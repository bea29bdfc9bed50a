using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// Which of the attributes that the server can derive a client has set itself. The others follow their source: the
/// display name follows the names, the work e-mail follows the userName.
/// </summary>
internal readonly record struct SetByClient(bool DisplayName, bool WorkEmail);

/// <summary>
/// Derives what a client leaves out. A client sets an attribute by any value in a create, and by another value than we
/// returned in a change: one that sends back what it has read (Okta's PUT does) has not set anything. Clearing an
/// attribute gives it back to the server.
/// </summary>
internal static class DerivedAttributes
{
    /// <summary>
    /// What a client has set of a user about whom that is not recorded: whatever differs from what the server would
    /// derive. The two cannot be told apart if they are equal, and then following the source does the least harm.
    /// </summary>
    public static SetByClient Guess(JsonObject user) => new(
        UserDocument.DisplayName(user) is { } name && name != FullName(user),
        AttributeRules.WorkEmails(user).Any()
            && !AttributeRules.WorkEmails(user).SequenceEqual([UserDocument.UserName(user)!]));

    /// <summary>
    /// Puts the derived values into what a request makes of a user, and says what the client has set from now on;
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
        var sent = Works(user).ToList();
        if (sent.Count == 0)
        {
            if (hasWorkEmail && (before is null || isRenamed || Works(before).Any()))
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

    // A client may have added the new address itself, as a second one; then the derived one is no longer needed.
    private static bool Follow(JsonObject user, JsonObject derived, string userName, bool hasWorkEmail)
    {
        var isThere = Works(user).Any(
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

    /// <summary>The work e-mail that the server derived: the userName, unless it could not follow that.</summary>
    private static string? DerivedIn(JsonObject user)
    {
        var emails = AttributeRules.WorkEmails(user).ToList();
        return emails.Find(email => email == UserDocument.UserName(user)) ?? emails.FirstOrDefault();
    }

    private static IEnumerable<JsonObject> Works(JsonObject user) =>
        (user["emails"] as JsonArray ?? []).OfType<JsonObject>().Where(AttributeRules.IsWorkEmail);

    private static void AddWorkEmail(JsonObject user, string address)
    {
        if (user["emails"] is not JsonArray emails)
            user["emails"] = emails = [];
        var primary = emails.Any(email => email?["primary"]?.GetValue<bool>() == true);
        emails.Add(new JsonObject { ["value"] = address, ["type"] = "work", ["primary"] = !primary });
    }

    // A person may have one name only; what clients send in place of the other one is not shown.
    private static string FullName(JsonObject user) => string.Join(
        ' ',
        new[] { UserDocument.GivenName(user), UserDocument.FamilyName(user) }
            .Where(name => !string.IsNullOrWhiteSpace(name)));

    private static bool IsSame(string one, string other) => CaseFolding.Fold(one) == CaseFolding.Fold(other);
}
