using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
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
    public static async Task<User?> FindFormer(
        this ScimDbContext db, AccountPolicy account, JsonObject attributes, CancellationToken cancellation)
    {
        var key = CaseFolding.Fold(UserDocument.UserName(attributes)!);
        var externalId = UserDocument.ExternalId(attributes);
        var users = db.UsersOf(account.Id).Include(user => user.Emails);
        var named = await users.SingleOrDefaultAsync(user => user.UserNameKey == key, cancellation);
        // The userName of an active user is in use. That is reported later, after the create itself has been validated.
        if (named is { Active: true })
            return null;

        var other = externalId is null ? null : await users.FindOnly(externalId, cancellation);
        if (other is { Active: true } || other?.Id == named?.Id)
            other = null;
        // A recycled address: it belongs to another person now.
        var isAnother = named?.ExternalId is { } known && externalId is not null && externalId != known;
        if ((named ?? other) is not { } meant)
            return null;
        return account.RestoreInactive && !isAnother && (named is null || other is null)
            ? meant
            : throw new ScimException(Conflict(attributes, named, other, isAnother && account.RestoreInactive));
    }

    /// <summary>The only user with this externalId; null if there is none, or more than one.</summary>
    private static async Task<User?> FindOnly(
        this IQueryable<User> users, string externalId, CancellationToken cancellation)
    {
        var found = await users.Where(user => user.ExternalId == externalId)
            .OrderBy(user => user.Id).Take(2)
            .ToListAsync(cancellation);
        return found is [var only] ? only : null;
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
