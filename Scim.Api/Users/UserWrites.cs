using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Tokens;
using Shared.Contracts;

namespace Scim.Api.Users;

/// <summary>
/// Every way a user is written: one transaction each, in which the fence and the account are locked and the product
/// rules hold, and which leaves all of it or nothing. Writers of an account come one after the other, so that no update
/// is lost and none is refused for another's sake. The event of a write is part of it; a write that changes nothing has
/// none.
/// </summary>
internal sealed class UserWrites(ScimDbContext db, TimeProvider time)
{
    /// <summary>
    /// Makes a user, or restores the inactive one who is meant: that one becomes what a new user would be, under its old
    /// id. Both are a success of POST, which RFC 7644 §3.3 knows as 201 alone, and which Okta and Entra ID take for it.
    /// </summary>
    public async Task<User> Create(Attempt attempt, JsonObject attributes, CancellationToken cancellation)
    {
        var caller = attempt.Caller;
        await using var write = await Begin(caller, cancellation);
        var now = Now();
        var former = await db.FindFormer(caller.Account, attributes, cancellation);
        var before = former?.Json() ?? [];
        var user = former ?? await Add(caller, now, cancellation);
        await Become(user, attributes, before: null, caller.Account, now, cancellation);
        attempt.IsAbout(user.Id, user.UserName);
        var outcome = former is null ? ProvisioningOutcomes.Created : ProvisioningOutcomes.Restored;
        var changed = UserDocument.Changes(before, user.Json());
        db.Add(attempt.Done(outcome, StatusCodes.Status201Created, changed, now));
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

    /// <summary>Turns a user into what <paramref name="change"/> makes of it; null if there is none.</summary>
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
        if (!await Become(user, change(before), before, attempt.Caller.Account, now, cancellation))
            return user;
        attempt.IsAbout(user.Id, user.UserName);
        var changed = UserDocument.Changes(before, user.Json());
        db.Add(attempt.Done(OutcomeOf(wasActive, user.Active), StatusCodes.Status200OK, changed, now));
        await Complete(write, cancellation);
        return user;
    }

    /// <summary>Hides a user for ever, and frees its names and seats; false if there is none.</summary>
    public async Task<bool> Delete(
        Attempt attempt, string id, Preconditions preconditions, CancellationToken cancellation)
    {
        await using var write = await Begin(attempt.Caller, cancellation);
        if (await Find(attempt, id, cancellation) is not { } user)
            return false;
        preconditions.Check(user.ToResource());

        var now = Now();
        user.Delete(now);
        await db.GiveSeatsBack(user.AccountId, user.Id, cancellation);
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
            attempt.IsAbout(user.Id, user.UserName);
        return user;
    }

    private static string OutcomeOf(bool wasActive, bool isActive) => (wasActive, isActive) switch
    {
        (true, false) => ProvisioningOutcomes.Deactivated,
        (false, true) => ProvisioningOutcomes.Reactivated,
        _ => ProvisioningOutcomes.Updated,
    };

    /// <summary>False if the user is so already, and nothing is to be saved.</summary>
    private async Task<bool> Become(
        User user,
        JsonObject attributes,
        JsonObject? before,
        AccountPolicy account,
        DateTime now,
        CancellationToken cancellation)
    {
        var rules = new AttributeRules(account);
        var wasActive = before is not null && user.Active;
        rules.Complete(attributes, before);
        var document = UserDocument.Compose(user.Id, attributes);
        if (before is not null && JsonNode.DeepEquals(before, document))
            return false;

        rules.Check(document, before);
        await CheckUserName(user, UserDocument.UserName(document)!, cancellation);
        if (rules.ByGuide)
            await CheckWorkEmails(user, document, cancellation);

        user.Become(document, rules.ByGuide, now);
        if (user.Active && !wasActive)
            await db.TakeSeats(account, user.Id, cancellation);
        else if (!user.Active && wasActive)
            await db.GiveSeatsBack(user.AccountId, user.Id, cancellation);
        return true;
    }

    private async Task CheckUserName(User user, string userName, CancellationToken cancellation)
    {
        var key = CaseFolding.Fold(userName);
        if (key == user.UserNameKey)
            return;
        var owner = await db.UsersOf(user.AccountId).AsNoTracking()
            .SingleOrDefaultAsync(other => other.UserNameKey == key && other.Id != user.Id, cancellation);
        if (owner is not null)
            throw new ScimException(Taken($"The userName {userName}", owner));
    }

    private async Task CheckWorkEmails(User user, JsonObject document, CancellationToken cancellation)
    {
        var known = user.Emails.Where(email => email.Claimed).Select(email => email.ValueKey).ToHashSet();
        foreach (var email in AttributeRules.WorkEmails(document))
        {
            var key = CaseFolding.Fold(email);
            if (known.Contains(key))
                continue;
            var owners = db.EmailsOf(user.AccountId)
                .Where(e => e.ValueKey == key && e.TypeKey == UserEmail.Work && e.UserId != user.Id)
                .Select(e => e.UserId);
            var owner = await db.UsersOf(user.AccountId).AsNoTracking()
                .FirstOrDefaultAsync(other => owners.Contains(other.Id), cancellation);
            if (owner is not null)
                throw new ScimException(Taken($"The work e-mail {email}", owner));
        }
    }

    // Okta shows the sentence to the administrator, who would otherwise look for the owner among the active users.
    private static ScimError Taken(string what, User owner) => ScimError.Uniqueness(owner.Active
        ? $"{what} belongs to another user of this account ({owner.Id})."
        : $"{what} belongs to an inactive user of this account ({owner.Id}): reactivate that user instead.");

    /// <summary>Where every write ends.</summary>
    private async Task Complete(WriteTransaction write, CancellationToken cancellation)
    {
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
    }

    // Whole milliseconds, as they are answered.
    private DateTime Now()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
