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
/// is lost and none is refused for another's sake.
/// </summary>
internal sealed class UserWrites(ScimDbContext db, TimeProvider time)
{
    /// <summary>
    /// Makes a user, or restores the inactive one who is meant: that one becomes what a new user would be, under its old
    /// id. Both are a success of POST, which RFC 7644 §3.3 knows as 201 alone, and which Okta and Entra ID take for it.
    /// </summary>
    public async Task<User> Create(Caller caller, JsonObject attributes, CancellationToken cancellation)
    {
        await using var write = await Begin(caller, cancellation);
        var now = Now();
        var user = await db.FindFormer(caller.Account, attributes, cancellation)
            ?? await Add(caller, now, cancellation);
        await Become(user, attributes, before: null, caller.Account, now, cancellation);
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
        Caller caller,
        string id,
        Preconditions preconditions,
        Func<JsonObject, JsonObject> change,
        CancellationToken cancellation)
    {
        await using var write = await Begin(caller, cancellation);
        if (await Find(caller, id, cancellation) is not { } user)
            return null;
        preconditions.Check(user.ToResource());

        var before = user.Json();
        await Become(user, change(before), before, caller.Account, Now(), cancellation);
        await Complete(write, cancellation);
        return user;
    }

    /// <summary>Hides a user for ever, and frees its names and seats; false if there is none.</summary>
    public async Task<bool> Delete(
        Caller caller, string id, Preconditions preconditions, CancellationToken cancellation)
    {
        await using var write = await Begin(caller, cancellation);
        if (await Find(caller, id, cancellation) is not { } user)
            return false;
        preconditions.Check(user.ToResource());

        user.Delete(Now());
        await db.GiveSeatsBack(user.AccountId, user.Id, cancellation);
        await db.ChangeUsers(user.AccountId, by: -1, cancellation);
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

    private Task<User?> Find(Caller caller, string id, CancellationToken cancellation) =>
        db.UsersOf(caller.AccountId).WithId(id).Include(user => user.Emails).SingleOrDefaultAsync(cancellation);

    private async Task Become(
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
            return;

        rules.Check(document, before);
        await CheckUserName(user, UserDocument.UserName(document)!, cancellation);
        if (rules.ByGuide)
            await CheckWorkEmails(user, document, cancellation);

        user.Become(document, rules.ByGuide, now);
        if (user.Active && !wasActive)
            await db.TakeSeats(account, user.Id, cancellation);
        else if (!user.Active && wasActive)
            await db.GiveSeatsBack(user.AccountId, user.Id, cancellation);
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
