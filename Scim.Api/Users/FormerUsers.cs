using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// Finds the inactive user whom a create means, by userName or externalId: a person who comes back. Okta and Entra ID
/// search by one attribute before they create. A user who was renamed meanwhile is only found here, by the other
/// attribute, and must not be created twice. An externalId need not be unique (RFC 7643 §3.1): if several users have
/// it, it identifies nobody.
/// </summary>
internal static class FormerUsers
{
    /// <summary>
    /// Returns the user to restore, if the account allows that, or null if a new user is to be created. If neither is
    /// safe, the create is refused (409) with the ids of the users who may be meant.
    /// </summary>
    /// <param name="account">The account.</param>
    /// <param name="attributes">The attributes of the create.</param>
    /// <param name="named">The user with its userName.</param>
    /// <param name="withExternalId">The users with its externalId; two stand for any larger number.</param>
    public static User? Find(
        AccountPolicy account, JsonObject attributes, User? named, IReadOnlyList<User> withExternalId)
    {
        // The userName of an active user is in use. That is reported later, after the create itself has been validated.
        if (named is { Active: true })
            return null;

        var externalId = UserDocument.ExternalId(attributes);
        var other = withExternalId is [{ Active: false } only] && only.Id != named?.Id ? only : null;
        // A recycled address: it belongs to another person now.
        var isAnother = named?.ExternalId is { } known && externalId is not null && externalId != known;
        if ((named ?? other) is not { } meant)
            return null;
        return account.RestoreInactive && !isAnother && (named is null || other is null)
            ? meant
            : throw new ScimException(Conflict(attributes, named, other, isAnother && account.RestoreInactive));
    }

    private static ScimError Conflict(JsonObject attributes, User? named, User? other, bool isAnother)
    {
        var name = $"The userName {UserDocument.UserName(attributes)} belongs to an inactive user of this account";
        var externalId = $"he externalId {UserDocument.ExternalId(attributes)}";
        return ScimError.Uniqueness((named, other) switch
        {
            ({ } one, null) when isAnother => $"{name} ({one.Id}), whose externalId is {one.ExternalId}: if that is "
                + "the same person, reactivate that user; if not, first delete that user or give it another userName.",
            ({ } one, null) => $"{name} ({one.Id}): reactivate that user instead.",
            ({ } one, { } two) => $"{name} ({one.Id}), and t{externalId} to another ({two.Id}): "
                + "reactivate the correct one.",
            _ => $"T{externalId} belongs to an inactive user of this account ({other!.Id}): "
                + "reactivate that user instead.",
        });
    }
}
