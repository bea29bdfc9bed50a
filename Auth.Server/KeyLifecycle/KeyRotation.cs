using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.KeyLifecycle;

/// <summary>
/// The transitions of keys. For each use, there is always one active and one announced key, so that anyone who caches
/// the published keys knows the next one long before it is used, even in an emergency. Any node may do any of this at
/// any time: key numbers are unique, so if two nodes create the same key, only one succeeds.
/// </summary>
internal sealed class KeyRotation(
    AuthDbContext db,
    KeyRing ring,
    CredentialSets sets,
    Operation operation,
    AuthOptions options,
    TimeProvider time,
    ILogger<KeyRotation> log)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Creates the keys that are due, and loads those that other nodes have created.</summary>
    public async Task Advance(CancellationToken cancellation)
    {
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            if (NextToCreate(await Succession(use, cancellation), use) is not null)
                await CreateMissingInTransaction(use, cancellation);
        }

        await ring.Refresh(db, cancellation);
    }

    /// <summary>Activates the announced keys immediately, and announces their successors.</summary>
    /// <exception cref="ProblemException">An announced key is too new: caches may not have it yet (409).</exception>
    public async Task Rotate(Actor actor, CancellationToken cancellation)
    {
        await operation.Run(actor, AuditAction.RotateKeys, null, _ => ActivateNext(cancellation), cancellation);
        await ring.Refresh(db, cancellation);
    }

    /// <summary>
    /// Withdraws a compromised key. When this returns, no node accepts anything signed or encrypted with it. If it was
    /// active, the announced key is activated.
    /// </summary>
    /// <exception cref="ProblemException">
    /// The key does not exist (404), or it was already withdrawn or deleted (409).
    /// </exception>
    public async Task<Withdrawal> Withdraw(string id, Actor actor, CancellationToken cancellation)
    {
        var (ended, _) = await operation.Run(
            actor,
            AuditAction.WithdrawKey,
            null,
            async work =>
            {
                var tokens = await End(id, work.Entry, cancellation);
                var ended = await sets.EndWithdrawn(work, isAnnounced: false, cancellation);
                work.Entry.Detail = $"{tokens} live tokens and {ended.Count} credential sets ended.";
                return new Withdrawal(tokens, ended);
            },
            cancellation);
        log.LogWarning(
            "The key {Key} was withdrawn, and with it {Tokens} live tokens and {Sets} credential sets",
            id, ended.Tokens, ended.CredentialSets.Count);
        await ring.Refresh(db, cancellation);
        return ended;
    }

    /// <summary>
    /// Deletes the retired keys that no valid token needs, and ends credential sets that a withdrawn key left behind.
    /// </summary>
    public async Task Forget(CancellationToken cancellation)
    {
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            var keys = await Succession(use, cancellation);
            // A node that has not refreshed its keys for a while may still sign with a retired key.
            var retired = keys.Retired.Where(key => keys.RetiredAt(key) + options.Keys.AnnounceFor <= Now).ToList();
            foreach (var key in retired)
            {
                if (await IsNeeded(key.Id, cancellation))
                    continue;
                (key.ForgottenAt, key.ProtectedKey) = (Now, []);
                await db.SaveChangesAsync(cancellation);
                log.LogInformation("The key {Key} was deleted: no token made with it is still valid", key.Id);
            }
        }

        await ring.Refresh(db, cancellation);
        await EndLeftBehind(cancellation);
    }

    /// <summary>
    /// Ends the sets that another node generated with a withdrawn key before it knew of the withdrawal. Their tokens
    /// were never valid, so there is no need to wait for the nodes.
    /// </summary>
    private async Task EndLeftBehind(CancellationToken cancellation)
    {
        if (!await sets.AnyWithdrawn(cancellation))
            return;
        await operation.Run(
            Actor.Server,
            AuditAction.WithdrawKey,
            null,
            async work =>
            {
                await Lock(cancellation);
                var ended = await sets.EndWithdrawn(work, isAnnounced: true, cancellation);
                work.Entry.Detail =
                    $"{ended.Count} credential sets ended: their key was withdrawn while they were generated.";
                // Another node has ended them in the meantime.
                if (ended.Count == 0)
                    work.SkipAuditEntry();
            },
            cancellation);
    }

    /// <summary>All keys, including withdrawn and deleted ones, the newest first.</summary>
    public async Task<IReadOnlyList<ListedKey>> List(CancellationToken cancellation)
    {
        var listed = new List<ListedKey>();
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            var all = await db.Keys.AsNoTracking().Where(key => key.Use == use).ToListAsync(cancellation);
            var keys = new KeySuccession(all, Now);
            foreach (var key in all.OrderByDescending(key => key.Number))
            {
                var isGone = (key.WithdrawnAt ?? key.ForgottenAt) is not null;
                var live = isGone ? 0 : await LiveTokens(key.Id).CountAsync(cancellation);
                var last = live == 0
                    ? null
                    : await LiveTokens(key.Id).MaxAsync(token => token.ExpirationDate, cancellation);
                listed.Add(new(key, keys.StateOf(key), keys.RetiredAt(key), live, last));
            }
        }

        return listed;
    }

    private async Task ActivateNext(CancellationToken cancellation)
    {
        await Lock(cancellation);
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            var keys = await Succession(use, cancellation);
            if (keys.Next is { } next && next.CreatedAt + options.Keys.AnnounceFor is var known && known > Now)
            {
                throw ProblemException.Conflict(
                    $"The next key, {next.Id}, can be used from {known:yyyy-MM-dd} at {known:HH:mm:ss} UTC, when all "
                    + "caches of the published keys have it. Nothing was changed. If a key is compromised, "
                    + "withdraw it: keys rotate --compromised ID.");
            }

            await ActivateNext(keys, use, cancellation);
        }
    }

    /// <summary>Withdraws a key, and returns how many valid tokens were made with it.</summary>
    private async Task<int> End(string id, AuditEntry entry, CancellationToken cancellation)
    {
        await Lock(cancellation);
        // An unknown id may be anything that was pasted by mistake, so it is not written anywhere.
        var key = await db.Keys.SingleOrDefaultAsync(key => key.Id == id, cancellation)
            ?? throw ProblemException.NotFound("There is no such key. To list the keys: keys list.");
        entry.About = id;
        if ((key.WithdrawnAt ?? key.ForgottenAt) is { } gone)
        {
            throw ProblemException.Conflict(
                $"The key {id} was withdrawn or deleted on {gone:yyyy-MM-dd} at {gone:HH:mm:ss} UTC. "
                + "Nothing made with it is valid.");
        }

        var tokens = await LiveTokens(id).CountAsync(cancellation);
        var keys = await Succession(key.Use, cancellation);
        var wasActive = keys.Active == key;
        (key.WithdrawnAt, key.ProtectedKey) = (Now, []);
        if (wasActive)
            await ActivateNext(keys, key.Use, cancellation);
        else
            await CreateMissing(key.Use, cancellation);
        return tokens;
    }

    private async Task<KeySuccession> Succession(KeyUse use, CancellationToken cancellation) =>
        new(await db.Keys.Where(key => key.Use == use).ToListAsync(cancellation), Now);

    /// <summary>
    /// The key to create next: an active one if there is none, otherwise an announced one if there is none. An
    /// announced key gets enough lead time that every node knows it before it is used.
    /// </summary>
    private ServerKey? NextToCreate(KeySuccession keys, KeyUse use) => keys switch
    {
        { Active: null } => ring.Create(use, keys.LastNumber + 1, Now),
        { Next: null, Active.ActiveFrom: var since } => ring.Create(
            use, keys.LastNumber + 1, Later(since + options.Keys.RotateEvery, Now + options.Keys.AnnounceFor)),
        _ => null,
    };

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;

    private async Task CreateMissingInTransaction(KeyUse use, CancellationToken cancellation)
    {
        try
        {
            await using var transaction = await db.BeginWrite(cancellation);
            await Lock(cancellation);
            await CreateMissing(use, cancellation);
            await transaction.Commit(cancellation);
        }
        catch (DbUpdateException)
        {
            // Before the first key exists, there is no row to lock. If there is an active key
            // now, another node was faster.
            db.ChangeTracker.Clear();
            if ((await Succession(use, cancellation)).Active is null)
                throw;
        }
    }

    private async Task CreateMissing(KeyUse use, CancellationToken cancellation)
    {
        await db.SaveChangesAsync(cancellation);
        while (NextToCreate(await Succession(use, cancellation), use) is { } key)
        {
            db.Keys.Add(key);
            await db.SaveChangesAsync(cancellation);
            log.LogInformation("The key {Key} is announced, for use from {ActiveFrom:u}", key.Id, key.ActiveFrom);
        }
    }

    private Task ActivateNext(KeySuccession keys, KeyUse use, CancellationToken cancellation)
    {
        if (keys.Next is { } next)
            next.ActiveFrom = Now;
        else
            db.Keys.Add(ring.Create(use, keys.LastNumber + 1, Now));
        return CreateMissing(use, cancellation);
    }

    /// <summary>
    /// Prevents other rotations until the transaction ends, by locking the row of the very first key.
    /// </summary>
    private Task<int> Lock(CancellationToken cancellation)
    {
        // Tracked entities may be out of date once the lock is held.
        db.ChangeTracker.Clear();
        return db.Keys.Where(key => key.Use == KeyUse.Signing && key.Number == 1)
            .ExecuteUpdateAsync(set => set.SetProperty(key => key.Number, key => key.Number), cancellation);
    }

    private IQueryable<Token> LiveTokens(string keyId) => NotEnded.Where(token =>
        token.KeyId == keyId && token.Status == Statuses.Valid);

    /// <summary>
    /// Includes redeemed codes and refresh tokens: their reuse can only be detected while they can be decrypted.
    /// </summary>
    private Task<bool> IsNeeded(string keyId, CancellationToken cancellation) => NotEnded.AnyAsync(
        token => token.KeyId == keyId && token.Status != Statuses.Revoked, cancellation);

    private IQueryable<Token> NotEnded
    {
        get
        {
            var now = Now;
            return db.Tokens.AsNoTracking().Where(token =>
                (token.ExpirationDate == null || token.ExpirationDate > now)
                && (token.CredentialSet == null
                    || ((token.CredentialSet.ExpiresAt == null || token.CredentialSet.ExpiresAt > now)
                        && (token.CredentialSet.State == CredentialSetState.Active
                            || (token.CredentialSet.State == CredentialSetState.Staged
                                && token.CredentialSet.ActivateBefore > now)))));
        }
    }
}

/// <summary>
/// What ended with a withdrawn key: the number of tokens, and the credential sets whose direct JWT it had signed.
/// </summary>
internal sealed record Withdrawal(int Tokens, IReadOnlyList<CredentialSet> CredentialSets);

/// <summary>A key, and the tokens that still need it.</summary>
/// <param name="Key">The row.</param>
/// <param name="State">Its state in the life cycle.</param>
/// <param name="RetiredAt">When its successor became active, UTC.</param>
/// <param name="LiveTokens">The number of valid tokens made with it.</param>
/// <param name="LastTokenEnds">When the last of them expires, UTC; null if that is not known.</param>
internal sealed record ListedKey(
    ServerKey Key, KeyState State, DateTime? RetiredAt, int LiveTokens, DateTime? LastTokenEnds);
