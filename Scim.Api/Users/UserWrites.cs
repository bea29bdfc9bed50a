using System.Text.Json.Nodes;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Shared.Contracts;

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
        var account = caller.Account;
        var rules = new AttributeRules(account);
        var request = RequestedUser.New(attributes);
        var (completed, set) = request.Complete(known: default, rules.ByGuide);
        // The id follows under the lock.
        var document = UserDocument.Compose(Guid.Empty, completed);
        request.Resolve(rules.Check(document, before: null));
        var uniqueness = new Uniqueness(document, rules);

        await using var transaction = await CallerTransaction.Begin(db, caller, cancellation);
        var (owners, sharingExternalId, seats, newestId) = await transaction.LockAndRead(
            batch =>
            {
                uniqueness.FindOwners(batch, account.Id);
                batch.FindUsersByExternalId(account.Id, UserDocument.ExternalId(document));
                batch.FindSeatCounts(account.Id);
                batch.FindNewestId(account.Id);
            },
            async results => (
                await uniqueness.ReadOwners(results),
                await results.All(User.Read),
                await results.All(UserStatements.ReadSeatCount),
                await results.One(UserStatements.ReadId)),
            cancellation);

        var former = FormerUsers.Find(account, document, owners.OfUserName, sharingExternalId);
        if (former is not null)
            former.Emails.AddRange(await transaction.Read(
                batch => batch.FindEmails(account.Id, former.Id),
                results => results.All(UserStatements.ReadEmail),
                cancellation));
        var now = Now();
        var user = former ?? NewUser(caller, UserIds.After(newestId, now), now);
        var claims = uniqueness.Check(user, before: null, owners);
        request.Resolve(claims.Violations);
        if (AttributeRules.IsActive(document))
            account.RequireSeats(seats);

        var (before, emails) = (former?.Json() ?? [], user.EmailRows());
        document["id"] = user.Id.ToString();
        user.SetDocument(document, rules.ByGuide, now, claims.Shared, claims.KeepsKey);
        // The portal's form and the import's file have one address, which is both userName and work e-mail.
        user.RecordSetByClient(caller.CredentialSet is null ? DerivedAttributes.Guess(document) : set);
        if (former is not null)
            user.RecordActiveChange(byHand: caller.CredentialSet is null);
        attempt.SetSubject(user.Id, user.UserName);
        var created = attempt.Done(
            former is null ? ProvisioningOutcomes.Created : ProvisioningOutcomes.Restored,
            StatusCodes.Status201Created,
            UserDocument.Changes(before, document),
            now);
        await transaction.Commit(
            batch =>
            {
                if (former is null)
                {
                    batch.InsertUser(user);
                    batch.ChangePopulation(account.Id, by: +1);
                }
                else
                {
                    batch.UpdateUser(user);
                }
                batch.ChangeEmails(user, emails);
                if (user.Active)
                    batch.TakeSeats(user, account);
                batch.InsertEvent(created);
            },
            cancellation);
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
        var account = attempt.Caller.Account;
        await using var transaction = await CallerTransaction.Begin(db, attempt.Caller, cancellation);
        var (found, seats) = await Find(transaction, attempt, id, cancellation);
        if (found is not { } user)
            return null;
        preconditions.Check(user.ToResource());

        var (before, emails, wasActive, now) = (user.Json(), user.EmailRows(), user.Active, Now());
        var request = RequestedUser.Changed(before, change, attempt.Quirks);
        var rules = new AttributeRules(account);
        var (document, set, claims) = await Decide(transaction, user, request, before, rules, cancellation);
        var isSame = JsonNode.DeepEquals(before, document);
        if (isSame && request.NotApplied.Count == 0 && set == user.SetByClient(before))
            return user;
        if (!isSame)
            user.SetDocument(document, rules.ByGuide, now, claims.Shared, claims.KeepsKey);
        user.RecordSetByClient(set);
        if (user.Active != wasActive)
            user.RecordActiveChange(byHand: attempt.Caller.CredentialSet is null);
        if (user.Active && !wasActive)
            account.RequireSeats(seats);
        attempt.SetSubject(user.Id, user.UserName);
        await transaction.Commit(
            batch =>
            {
                batch.UpdateUser(user);
                batch.ChangeEmails(user, emails);
                if (user.Active && !wasActive)
                    batch.TakeSeats(user, account);
                else if (!user.Active && wasActive)
                    batch.ReleaseSeats(user);
                if (!isSame || request.NotApplied.Count > 0)
                    batch.InsertEvent(attempt.Done(
                        OutcomeOf(wasActive, user.Active),
                        StatusCodes.Status200OK,
                        UserDocument.Changes(before, document),
                        now,
                        request.NotApplied));
            },
            cancellation);
        return user;
    }

    /// <summary>Hides a user permanently and releases its names and seats; false if there is no such user.</summary>
    public async Task<bool> Delete(
        Attempt attempt, string id, Preconditions preconditions, CancellationToken cancellation)
    {
        await using var transaction = await CallerTransaction.Begin(db, attempt.Caller, cancellation);
        var (found, _) = await Find(transaction, attempt, id, cancellation);
        if (found is not { } user)
            return false;
        preconditions.Check(user.ToResource());

        var (emails, now) = (user.EmailRows(), Now());
        user.Delete(now);
        if (user.IsOfTest)
            user.Erase();
        await transaction.Commit(
            batch =>
            {
                batch.UpdateUser(user);
                batch.ChangeEmails(user, emails);
                batch.ReleaseSeats(user);
                batch.ChangePopulation(user.AccountId, by: -1);
                batch.InsertEvent(attempt.Done(
                    ProvisioningOutcomes.Deleted, StatusCodes.Status204NoContent, [], now));
            },
            cancellation);
        return true;
    }

    private static async Task<(User? User, IReadOnlyList<SeatsTaken> Seats)> Find(
        CallerTransaction transaction, Attempt attempt, string id, CancellationToken cancellation)
    {
        // No user has the id of zeros, which stands for a malformed one.
        var guid = UserIds.TryRead(id, out var read) ? read : Guid.Empty;
        var account = attempt.Caller.AccountId;
        var (user, emails, seats) = await transaction.LockAndRead(
            batch =>
            {
                batch.FindUser(account, guid);
                batch.FindEmails(account, guid);
                batch.FindSeatCounts(account);
            },
            async results => (
                await results.One(User.Read),
                await results.All(UserStatements.ReadEmail),
                await results.All(UserStatements.ReadSeatCount)),
            cancellation);
        // A connection test has access to its own user only.
        if (attempt.Caller.IsTest && user is { IsOfTest: false })
            return (null, seats);
        if (user is not null)
        {
            user.Emails.AddRange(emails);
            attempt.SetSubject(user.Id, user.UserName);
        }
        return (user, seats);
    }

    /// <summary>The outcome of a change after all rules have been applied.</summary>
    private static async Task<(JsonObject Document, SetByClient Set, Uniqueness.Claims Claims)> Decide(
        CallerTransaction transaction,
        User user,
        RequestedUser request,
        JsonObject before,
        AttributeRules rules,
        CancellationToken cancellation)
    {
        while (true)
        {
            var (attributes, set) = request.Complete(user.SetByClient(before), rules.ByGuide);
            var document = UserDocument.Compose(user.Id, attributes);
            if (JsonNode.DeepEquals(before, document))
                return (document, set, Uniqueness.Claims.Unchanged);
            if (request.Resolve(rules.Check(document, before)))
                continue;
            var uniqueness = new Uniqueness(document, rules);
            var owners = uniqueness.AreHeldBy(user)
                ? Uniqueness.Owners.None
                : await transaction.Read(
                    batch => uniqueness.FindOwners(batch, user.AccountId), uniqueness.ReadOwners, cancellation);
            var claims = uniqueness.Check(user, before, owners);
            if (!request.Resolve(claims.Violations))
                return (document, set, claims);
        }
    }

    private static User NewUser(Caller caller, Guid id, DateTime now) => new()
    {
        AccountId = caller.AccountId,
        Id = id,
        Source = caller switch
        {
            { IsTest: true } => UserSources.ConnectionTest,
            { CredentialSet: null } => UserSources.SciLeads,
            _ => UserSources.Scim,
        },
        Created = now,
    };

    private static string OutcomeOf(bool wasActive, bool isActive) => (wasActive, isActive) switch
    {
        (true, false) => ProvisioningOutcomes.Deactivated,
        (false, true) => ProvisioningOutcomes.Reactivated,
        _ => ProvisioningOutcomes.Updated,
    };

    // Responses show whole milliseconds.
    private DateTime Now()
    {
        var now = time.GetUtcNow().UtcDateTime;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
