using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// The values of a user's document that no other user of the account may have: the userName and, if every user has a
/// work e-mail, the work e-mails.
/// </summary>
internal sealed class Uniqueness
{
    private readonly JsonObject document;
    private readonly string userName;
    private readonly string userNameKey;
    private readonly List<(string Value, string Key)> workEmails;

    public Uniqueness(JsonObject document, AttributeRules rules)
    {
        this.document = document;
        userName = UserDocument.UserName(document)!;
        userNameKey = CaseFolding.Fold(userName);
        workEmails = rules.ByGuide
            ? [.. AttributeRules.WorkEmails(document).Select(email => (email, CaseFolding.Fold(email)))]
            : [];
    }

    /// <summary>Whether the user already has all of them, so that nobody else does.</summary>
    public bool AreHeldBy(User user) =>
        userNameKey == user.UserNameKey && workEmails.TrueForAll(email => user.Claims(email.Key));

    /// <summary>Adds statements that find the owners.</summary>
    public void FindOwners(SqlBatch batch, Guid account)
    {
        batch.FindUserByName(account, userNameKey);
        if (workEmails.Count > 0)
            batch.FindOwners(account, [.. workEmails.Select(email => email.Key)]);
    }

    /// <summary>Reads the results of <see cref="FindOwners"/>.</summary>
    public async Task<Owners> ReadOwners(SqlResults results)
    {
        var ofUserName = await results.One(User.Read);
        return new(ofUserName, workEmails.Count > 0 ? await results.All(UserStatements.ReadOwner) : []);
    }

    /// <summary>
    /// Checks that a user may have them. What the user already had before a rule made it a conflict is not a violation:
    /// the user keeps it, but does not claim it.
    /// </summary>
    /// <param name="user">The user who is created or changed.</param>
    /// <param name="before">The user's document until now; null for one who is created or restored.</param>
    /// <param name="owners">The owners.</param>
    public Claims Check(User user, JsonObject? before, Owners owners)
    {
        var violations = new List<Violation>();
        var keepsKey = false;
        if (userNameKey != user.UserNameKey && owners.OfUserName is { } named && named.Id != user.Id)
        {
            // The folding has changed since, and made the keys equal.
            keepsKey = userName == user.UserName;
            if (!keepsKey)
                violations.Add(new("userName", InUse($"The userName {userName}", named.Id, named.Active)));
        }

        var others = owners.OfWorkEmails.Where(owner => owner.UserId != user.Id && !user.Claims(owner.EmailKey))
            .ToLookup(owner => owner.EmailKey);
        var old = before is null || AttributeRules.IsReactivation(document, before)
            ? []
            : AttributeRules.WorkEmails(before).Select(CaseFolding.Fold).ToHashSet();
        foreach (var (value, key) in workEmails.Where(email => others.Contains(email.Key) && !old.Contains(email.Key)))
        {
            var owner = others[key].First();
            violations.Add(new("emails", InUse($"The work e-mail {value}", owner.UserId, owner.Active)));
        }
        return new(violations, others.Select(owner => owner.Key).ToHashSet(), keepsKey);
    }

    // Okta shows the sentence to administrators, who would otherwise search among the active users.
    private static ScimError InUse(string what, Guid owner, bool isActive) => ScimError.Uniqueness(isActive
        ? $"{what} belongs to another user of this account ({owner})."
        : $"{what} belongs to an inactive user of this account ({owner}): reactivate that user instead.");

    /// <summary>The users who have the values now.</summary>
    internal sealed record Owners(User? OfUserName, IReadOnlyList<EmailOwner> OfWorkEmails)
    {
        public static Owners None { get; } = new(null, []);
    }

    /// <summary>
    /// What a user may claim. <paramref name="Shared"/> contains the keys of work e-mails that other users also have,
    /// and <paramref name="KeepsKey"/> tells that the key of the userName must not be computed again.
    /// </summary>
    internal sealed record Claims(IReadOnlyList<Violation> Violations, IReadOnlySet<string> Shared, bool KeepsKey)
    {
        public static Claims Unchanged { get; } = new([], new HashSet<string>(), KeepsKey: false);
    }
}
