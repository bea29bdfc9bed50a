using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// The inactive user whom a create is about, by userName or externalId: a person who comes back. Okta and Entra ID look
/// for a user by one attribute before they create; who was renamed meanwhile is found by the other one only here, and
/// must not become two people. Active users may share an externalId, as RFC 7643 §3.1 leaves its uniqueness to clients.
/// </summary>
internal static class FormerUsers
{
    /// <summary>As many users of one externalId are named; more would make a sentence that nobody reads.</summary>
    private const int MaxNamed = 5;

    /// <summary>
    /// The one whom the create restores, if the account allows that; null if it makes a user of its own. In between, it
    /// is refused (409), with the ids of those who may be meant.
    /// </summary>
    public static async Task<User?> FindFormer(
        this ScimDbContext db, AccountPolicy account, JsonObject attributes, CancellationToken cancellation)
    {
        var userName = UserDocument.UserName(attributes)!;
        var key = CaseFolding.Fold(userName);
        var users = db.UsersOf(account.Id).Include(user => user.Emails);
        var named = await users.SingleOrDefaultAsync(user => user.UserNameKey == key, cancellation);
        // An active user's name is taken, which is found out after the create itself was found right.
        if (named is { Active: true })
            return null;

        var others = new List<User>();
        if (UserDocument.ExternalId(attributes) is { } externalId)
        {
            others = await users
                .Where(user => user.ExternalId == externalId && !user.Active && user.UserNameKey != key)
                .OrderBy(user => user.Id).Take(MaxNamed)
                .ToListAsync(cancellation);
        }
        return (named, others) switch
        {
            (null, []) => null,
            ({ } one, []) when account.RestoreInactive => one,
            (null, [var one]) when account.RestoreInactive => one,
            _ => throw new ScimException(Conflict(attributes, named, others)),
        };
    }

    private static ScimError Conflict(JsonObject attributes, User? named, List<User> others)
    {
        var ids = string.Join(", ", others.Select(user => user.Id));
        var name = $"The userName {UserDocument.UserName(attributes)} belongs to an inactive user of this account";
        var externalId = $"the externalId {UserDocument.ExternalId(attributes)}";
        return ScimError.Uniqueness((named, others.Count) switch
        {
            ({ } one, 0) => $"{name} ({one.Id}): reactivate that user instead.",
            ({ } one, _) => $"{name} ({one.Id}), and {externalId} to another ({ids}): reactivate the one who is meant.",
            (_, 1) => $"T{externalId[1..]} belongs to an inactive user of this account ({ids}): "
                + "reactivate that user instead.",
            _ => $"T{externalId[1..]} belongs to inactive users of this account ({ids}): "
                + "reactivate the one who is meant.",
        });
    }
}
