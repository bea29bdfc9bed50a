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
/// The transitions of keys. Of each use there is always one key that is active and one announced, so that whoever keeps
/// a copy of the published keys knows the next one long before it is used, in an emergency too. Any node may do any
/// of this at any time: the number that a new key gets is unique, and one of two wins.
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

    /// <summary>
    /// Makes the keys that the schedule wants and that nobody has made, and takes over what others made.
    /// </summary>
    public async Task Advance(CancellationToken cancellation)
    {
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            if (Missing(await Succession(use, cancellation), use) is not null)
                await CompleteAlone(use, cancellation);
        }

        await ring.Refresh(db, cancellation);
    }

    /// <summary>Has the announced keys take over now, and announces their successors.</summary>
    /// <exception cref="ProblemException">An announced key is so new that not everybody knows it yet (409).</exception>
    public async Task Rotate(Actor actor, CancellationToken cancellation)
    {
        await operation.Run(actor, AuditAction.RotateKeys, null, _ => TakeOver(cancellation), cancellation);
        await ring.Refresh(db, cancellation);
    }

    /// <summary>
    /// Withdraws a key that somebody else may have: when this returns, nothing made with it is good on any node. If it
    /// was in use, the announced key takes over.
    /// </summary>
    /// <exception cref="ProblemException">There is no such key (404), or it is gone already (409).</exception>
    public async Task<Withdrawal> Withdraw(string id, Actor actor, CancellationToken cancellation)
    {
        var (ended, _) = await operation.Run(
            actor,
            AuditAction.WithdrawKey,
            null,
            async work =>
            {
                var tokens = await End(id, work.Entry, cancellation);
                var ended = await sets.EndWithdrawn(work, nodesHaveHeard: false, cancellation);
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
    /// Throws away the retired keys whose last token is dead, and ends what a withdrawn key left behind.
    /// </summary>
    public async Task Forget(CancellationToken cancellation)
    {
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            var keys = await Succession(use, cancellation);
            // A node that has not looked for long may still sign with a key that others have retired.
            var retired = keys.Retired.Where(key => keys.RetiredAt(key) + options.Keys.AnnounceFor <= Now).ToList();
            foreach (var key in retired)
            {
                if (await IsNeeded(key.Id, cancellation))
                    continue;
                (key.ForgottenAt, key.ProtectedKey) = (Now, []);
                await db.SaveChangesAsync(cancellation);
                log.LogInformation("The key {Key} is forgotten: no token made with it is alive", key.Id);
            }
        }

        await ring.Refresh(db, cancellation);
        await EndLeftBehind(cancellation);
    }

    /// <summary>
    /// Ends the sets that another node made with a withdrawn key before it had heard of that. Their tokens never were
    /// good, so nobody waits for the nodes.
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
                var ended = await sets.EndWithdrawn(work, nodesHaveHeard: true, cancellation);
                work.Entry.Detail =
                    $"{ended.Count} credential sets ended, whose key was withdrawn while they were made.";
                // Another node has done it meanwhile.
                if (ended.Count == 0)
                    work.LeaveNoEntry();
            },
            cancellation);
    }

    /// <summary>All keys there ever were, the newest first.</summary>
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

    private async Task TakeOver(CancellationToken cancellation)
    {
        await Lock(cancellation);
        foreach (var use in Enum.GetValues<KeyUse>())
        {
            var keys = await Succession(use, cancellation);
            if (keys.Next is { } next && next.CreatedAt + options.Keys.AnnounceFor is var known && known > Now)
            {
                throw ProblemException.Conflict(
                    $"The next key, {next.Id}, can be used from {known:yyyy-MM-dd} at {known:HH:mm:ss} UTC on, when "
                    + "all who keep a copy of the published keys have it. Nothing was changed now. If a key is in "
                    + "wrong hands, withdraw it: keys rotate --compromised ID.");
            }

            await TakeOver(keys, use, cancellation);
        }
    }

    /// <summary>Withdraws a key; tells how many live tokens were made with it.</summary>
    private async Task<int> End(string id, AuditEntry entry, CancellationToken cancellation)
    {
        await Lock(cancellation);
        // What is no key id may be anything that was pasted by mistake: it is written nowhere.
        var key = await db.Keys.SingleOrDefaultAsync(key => key.Id == id, cancellation)
            ?? throw ProblemException.NotFound("There is no such key. List them: keys list.");
        entry.About = id;
        if ((key.WithdrawnAt ?? key.ForgottenAt) is { } gone)
        {
            throw ProblemException.Conflict(
                $"The key {id} is gone since {gone:yyyy-MM-dd} at {gone:HH:mm:ss} UTC, and all made with it is dead.");
        }

        var tokens = await LiveTokens(id).CountAsync(cancellation);
        var keys = await Succession(key.Use, cancellation);
        var wasActive = keys.Active == key;
        (key.WithdrawnAt, key.ProtectedKey) = (Now, []);
        if (wasActive)
            await TakeOver(keys, key.Use, cancellation);
        else
            await Complete(key.Use, cancellation);
        return tokens;
    }

    private async Task<KeySuccession> Succession(KeyUse use, CancellationToken cancellation) =>
        new(await db.Keys.Where(key => key.Use == use).ToListAsync(cancellation), Now);

    /// <summary>
    /// The one in use, else the one announced: for so long that no node can be the only one to know it.
    /// </summary>
    private ServerKey? Missing(KeySuccession keys, KeyUse use) => keys switch
    {
        { Active: null } => ring.Create(use, keys.LastNumber + 1, Now),
        { Next: null, Active.ActiveFrom: var since } => ring.Create(
            use, keys.LastNumber + 1, Later(since + options.Keys.RotateEvery, Now + options.Keys.AnnounceFor)),
        _ => null,
    };

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;

    private async Task CompleteAlone(KeyUse use, CancellationToken cancellation)
    {
        try
        {
            await using var transaction = await db.BeginWrite(cancellation);
            await Lock(cancellation);
            await Complete(use, cancellation);
            await transaction.Commit(cancellation);
        }
        catch (DbUpdateException)
        {
            // Before there is a first key, there is no row to lock. Another node was first, if there is one now.
            db.ChangeTracker.Clear();
            if ((await Succession(use, cancellation)).Active is null)
                throw;
        }
    }

    private async Task Complete(KeyUse use, CancellationToken cancellation)
    {
        await db.SaveChangesAsync(cancellation);
        while (Missing(await Succession(use, cancellation), use) is { } key)
        {
            db.Keys.Add(key);
            await db.SaveChangesAsync(cancellation);
            log.LogInformation("The key {Key} is announced, for use from {ActiveFrom:u} on", key.Id, key.ActiveFrom);
        }
    }

    private Task TakeOver(KeySuccession keys, KeyUse use, CancellationToken cancellation)
    {
        if (keys.Next is { } next)
            next.ActiveFrom = Now;
        else
            db.Keys.Add(ring.Create(use, keys.LastNumber + 1, Now));
        return Complete(use, cancellation);
    }

    /// <summary>Until the transaction ends, nobody else rotates: the very first key's row is the lock.</summary>
    private Task<int> Lock(CancellationToken cancellation)
    {
        // What was read before is not what is there now.
        db.ChangeTracker.Clear();
        return db.Keys.Where(key => key.Use == KeyUse.Signing && key.Number == 1)
            .ExecuteUpdateAsync(set => set.SetProperty(key => key.Number, key => key.Number), cancellation);
    }

    private IQueryable<Token> LiveTokens(string keyId) => Alive.Where(token =>
        token.KeyId == keyId && token.Status == Statuses.Valid);

    /// <summary>
    /// Redeemed codes and refresh tokens count: whoever uses one again is a thief only as long as it can be read.
    /// </summary>
    private Task<bool> IsNeeded(string keyId, CancellationToken cancellation) => Alive.AnyAsync(
        token => token.KeyId == keyId && token.Status != Statuses.Revoked, cancellation);

    private IQueryable<Token> Alive
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
/// What a withdrawn key took with it: so many tokens, and the credential sets whose one token it had signed.
/// </summary>
internal sealed record Withdrawal(int Tokens, IReadOnlyList<CredentialSet> CredentialSets);

/// <summary>A key, and what it is still needed for.</summary>
/// <param name="Key">The row.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="RetiredAt">When another took over, UTC.</param>
/// <param name="LiveTokens">Tokens that are good and were made with it.</param>
/// <param name="LastTokenEnds">When the last of them ends by itself, UTC; null if that is not known.</param>
internal sealed record ListedKey(
    ServerKey Key, KeyState State, DateTime? RetiredAt, int LiveTokens, DateTime? LastTokenEnds);
