using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// All writes of users. Each is one transaction that locks the fence and the account, applies the product rules, and is
/// committed completely or not at all. The writes of an account are serialized, so that no update is lost and none is
/// refused because of a concurrent one. The event of a write is in the same transaction; a write that changes nothing
/// has no event.
/// </summary>
internal sealed class UserWrites(ScimDbContext db, TimeProvider time)
{
    /// <summary>
    /// Creates a user, or restores the inactive one who is meant: that user gets the attributes of a new one, but keeps
    /// its id. Both return 201, the only success status of a POST (RFC 7644 §3.3), which Okta and Entra ID accept in
    /// both cases.
    /// </summary>
    public async Task<User> Create(Attempt attempt, JsonObject attributes, CancellationToken cancellation)
    {
        var caller = attempt.Caller;
        await using var write = await Begin(caller, cancellation);
        var now = Now();
        var former = await db.FindFormer(caller.Account, attributes, cancellation);
        var before = former?.Json() ?? [];
        var user = former ?? await Add(caller, now, cancellation);
        var outcome = await Decide(user, RequestedUser.New(attributes), before: null, caller.Account, cancellation);
        // The portal's form and the import's file have one address, which is both userName and work e-mail.
        if (caller.CredentialSet is null)
            outcome = outcome with { Set = DerivedAttributes.Guess(outcome.Document) };
        await Apply(user, outcome, wasActive: false, caller.Account, now, cancellation);
        attempt.SetSubject(user.Id, user.UserName);
        var result = former is null ? ProvisioningOutcomes.Created : ProvisioningOutcomes.Restored;
        var changed = UserDocument.Changes(before, outcome.Document);
        db.Add(attempt.Done(result, StatusCodes.Status201Created, changed, now));
        await Complete(write, cancellation);
        return user;
    }

    private async Task<User> Add(Caller caller, DateTime now, CancellationToken cancellation)
    {
        var user = new User
        {
            AccountId = caller.AccountId,
            Id = await db.NextId(caller.AccountId, now, cancellation),
            Source = caller.CredentialSet is null ? UserSources.SciLeads : UserSources.Scim,
            Created = now,
        };
        db.Add(user);
        await db.ChangeUsers(caller.AccountId, by: +1, cancellation);
        return user;
    }

    /// <summary>Applies <paramref name="change"/> to a user; null if there is no such user.</summary>
    public async Task<User?> Change(
        Attempt attempt,
        string id,
        Preconditions preconditions,
        Func<JsonObject, JsonObject> change,
        CancellationToken cancellation)
    {
        await using var write = await Begin(attempt.Caller, cancellation);
        if (await Find(attempt, id, cancellation) is not { } user)
            return null;
        preconditions.Check(user.ToResource());

        var before = user.Json();
        var (wasActive, now) = (user.Active, Now());
        var request = RequestedUser.Changed(before, change, attempt.Quirks);
        var outcome = await Decide(user, request, before, attempt.Caller.Account, cancellation);
        var isSame = JsonNode.DeepEquals(before, outcome.Document);
        if (isSame && request.NotApplied.Count == 0 && outcome.Set == user.SetByClient(before))
            return user;
        if (isSame)
            user.RecordSetByClient(outcome.Set);
        else
            await Apply(user, outcome, wasActive, attempt.Caller.Account, now, cancellation);
        attempt.SetSubject(user.Id, user.UserName);
        var changed = UserDocument.Changes(before, outcome.Document);
        if (!isSame || request.NotApplied.Count > 0)
            db.Add(attempt.Done(
                OutcomeOf(wasActive, user.Active), StatusCodes.Status200OK, changed, now, request.NotApplied));
        await Complete(write, cancellation);
        return user;
    }

    /// <summary>Hides a user permanently and releases its names and seats; false if there is no such user.</summary>
    public async Task<bool> Delete(
        Attempt attempt, string id, Preconditions preconditions, CancellationToken cancellation)
    {
        await using var write = await Begin(attempt.Caller, cancellation);
        if (await Find(attempt, id, cancellation) is not { } user)
            return false;
        preconditions.Check(user.ToResource());

        var now = Now();
        user.Delete(now);
        await db.ReleaseSeats(user.AccountId, user.Id, cancellation);
        await db.ChangeUsers(user.AccountId, by: -1, cancellation);
        db.Add(attempt.Done(ProvisioningOutcomes.Deleted, StatusCodes.Status204NoContent, [], now));
        await Complete(write, cancellation);
        return true;
    }

    private async Task<WriteTransaction> Begin(Caller caller, CancellationToken cancellation)
    {
        var write = await db.BeginWrite(caller, cancellation);
        try
        {
            await db.LockAccount(caller.AccountId, cancellation);
            return write;
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    private async Task<User?> Find(Attempt attempt, string id, CancellationToken cancellation)
    {
        var user = await db.UsersOf(attempt.Caller.AccountId).WithId(id).Include(user => user.Emails)
            .SingleOrDefaultAsync(cancellation);
        if (user is not null)
            attempt.SetSubject(user.Id, user.UserName);
        return user;
    }

    private static string OutcomeOf(bool wasActive, bool isActive) => (wasActive, isActive) switch
    {
        (true, false) => ProvisioningOutcomes.Deactivated,
        (false, true) => ProvisioningOutcomes.Reactivated,
        _ => ProvisioningOutcomes.Updated,
    };

    /// <summary>The outcome of a request after all rules have been applied.</summary>
    private async Task<Outcome> Decide(
        User user,
        RequestedUser request,
        JsonObject? before,
        AccountPolicy account,
        CancellationToken cancellation)
    {
        var rules = new AttributeRules(account);
        var known = before is null ? default : user.SetByClient(before);
        while (true)
        {
            var (attributes, set) = request.Complete(known, rules.ByGuide);
            var document = UserDocument.Compose(user.Id, attributes);
            if (before is not null && JsonNode.DeepEquals(before, document))
                return new Outcome(document, set, new HashSet<string>(), KeepsKey: false);
            if (request.Resolve(rules.Check(document, before)))
                continue;
            var conflicts = new List<Violation>();
            var keepsKey = await CheckUserName(user, document, conflicts, cancellation);
            var shared = rules.ByGuide ? await CheckWorkEmails(user, document, before, conflicts, cancellation) : [];
            if (!request.Resolve(conflicts))
                return new Outcome(document, set, shared, keepsKey);
        }
    }

    private async Task Apply(
        User user,
        Outcome outcome,
        bool wasActive,
        AccountPolicy account,
        DateTime now,
        CancellationToken cancellation)
    {
        user.SetDocument(outcome.Document, new AttributeRules(account).ByGuide, now, outcome.Shared, outcome.KeepsKey);
        user.RecordSetByClient(outcome.Set);
        if (user.Active && !wasActive)
            await db.TakeSeats(account, user.Id, cancellation);
        else if (!user.Active && wasActive)
            await db.ReleaseSeats(user.AccountId, user.Id, cancellation);
    }

    /// <summary>
    /// Adds a violation if another user has the userName. If the user already had it before the folding changed and
    /// made the keys equal, a change is not refused: it returns true, and the user keeps its key.
    /// </summary>
    private async Task<bool> CheckUserName(
        User user, JsonObject document, List<Violation> conflicts, CancellationToken cancellation)
    {
        var userName = UserDocument.UserName(document)!;
        var key = CaseFolding.Fold(userName);
        if (key == user.UserNameKey)
            return false;
        var owner = await db.UsersOf(user.AccountId).AsNoTracking()
            .SingleOrDefaultAsync(other => other.UserNameKey == key && other.Id != user.Id, cancellation);
        if (owner is null)
            return false;
        if (userName == user.UserName)
            return true;
        conflicts.Add(new Violation("userName", InUse($"The userName {userName}", owner.Id, owner.Active)));
        return false;
    }

    /// <summary>
    /// Adds a violation for each work e-mail that another user has. Returns the keys of those that the user may keep
    /// but not claim, because it had them before.
    /// </summary>
    private async Task<HashSet<string>> CheckWorkEmails(
        User user,
        JsonObject document,
        JsonObject? before,
        List<Violation> conflicts,
        CancellationToken cancellation)
    {
        var claimed = user.Emails.Where(email => email.Claimed).Select(email => email.ValueKey).ToHashSet();
        var emails = AttributeRules.WorkEmails(document)
            .Select(email => (Value: email, Key: CaseFolding.Fold(email)))
            .Where(email => !claimed.Contains(email.Key))
            .ToList();
        if (emails.Count == 0)
            return [];
        var keys = emails.ConvertAll(email => email.Key);
        var owners = await (
            from email in db.EmailsOf(user.AccountId)
            join owner in db.UsersOf(user.AccountId) on email.UserId equals owner.Id
            where keys.Contains(email.ValueKey) && email.TypeKey == UserEmail.Work && owner.Id != user.Id
            select new { email.ValueKey, owner.Id, owner.Active }).ToListAsync(cancellation);
        var owned = owners.ToLookup(owner => owner.ValueKey);
        var old = before is null || AttributeRules.IsReactivation(document, before)
            ? []
            : AttributeRules.WorkEmails(before).Select(CaseFolding.Fold).ToHashSet();
        foreach (var (value, key) in emails.Where(email => owned.Contains(email.Key) && !old.Contains(email.Key)))
        {
            var owner = owned[key].First();
            conflicts.Add(new Violation("emails", InUse($"The work e-mail {value}", owner.Id, owner.Active)));
        }
        return [.. owned.Select(owner => owner.Key)];
    }

    // Okta shows the sentence to administrators, who would otherwise search among the active users.
    private static ScimError InUse(string what, Guid owner, bool isActive) => ScimError.Uniqueness(isActive
        ? $"{what} belongs to another user of this account ({owner})."
        : $"{what} belongs to an inactive user of this account ({owner}): reactivate that user instead.");

    /// <summary>Saves and commits a write.</summary>
    private async Task Complete(WriteTransaction write, CancellationToken cancellation)
    {
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
    }

    // Responses show whole milliseconds.
    private DateTime Now()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    /// <summary>
    /// The outcome of a write. <paramref name="Shared"/> contains the keys of work e-mails that other users also have,
    /// and <paramref name="KeepsKey"/> tells that the key of the userName must not be computed again.
    /// </summary>
    private sealed record Outcome(
        JsonObject Document, SetByClient Set, IReadOnlySet<string> Shared, bool KeepsKey);
}
