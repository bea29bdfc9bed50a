using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// The inactive user whom a create is about, by userName or externalId: a person who comes back. Okta and Entra ID look
/// for a user by one attribute before they create; who was renamed meanwhile is found by the other one only here, and
/// must not become two people. An externalId need not be unique (RFC 7643 §3.1): one that several users have says
/// nothing about who is meant.
/// </summary>
internal static class FormerUsers
{
    /// <summary>
    /// The one whom the create restores, if the account allows that; null if it makes a user of its own. In between, it
    /// is refused (409), with the ids of those who may be meant.
    /// </summary>
    public static async Task<User?> FindFormer(
        this ScimDbContext db, AccountPolicy account, JsonObject attributes, CancellationToken cancellation)
    {
        var key = CaseFolding.Fold(UserDocument.UserName(attributes)!);
        var externalId = UserDocument.ExternalId(attributes);
        var users = db.UsersOf(account.Id).Include(user => user.Emails);
        var named = await users.SingleOrDefaultAsync(user => user.UserNameKey == key, cancellation);
        // An active user's name is taken, which is found out after the create itself was found right.
        if (named is { Active: true })
            return null;

        var other = externalId is null ? null : await users.FindOnly(externalId, cancellation);
        if (other is { Active: true } || other?.Id == named?.Id)
            other = null;
        // A recycled address: whoever has it now is not the person who had it.
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
                + "the same person, reactivate that user; if not, delete that user or give it another userName first.",
            ({ } one, null) => $"{name} ({one.Id}): reactivate that user instead.",
            ({ } one, { } two) => $"{name} ({one.Id}), and t{externalId} to another ({two.Id}): "
                + "reactivate the one who is meant.",
            _ => $"T{externalId} belongs to an inactive user of this account ({other!.Id}): "
                + "reactivate that user instead.",
        });
    }
}
