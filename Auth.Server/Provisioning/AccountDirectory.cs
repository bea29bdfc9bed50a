using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>What operators look for in an account: whether it needs attention.</summary>
internal enum AccountHealth
{
    /// <summary>The active credentials expire within a month.</summary>
    Expiring,

    /// <summary>The credentials have ended without successors, or somebody still uses ended ones.</summary>
    Failing,

    /// <summary>No seat of a product that new people receive is left.</summary>
    Full,

    /// <summary>The identity provider has not used its credentials for a week.</summary>
    Silent,

    /// <summary>SCIM is not enabled.</summary>
    Disabled,

    Suspended,
}

/// <summary>An account in the operators' list.</summary>
/// <param name="Account">The account, with its licences.</param>
/// <param name="Active">Its live credential set.</param>
/// <param name="InUse">The seats in use by product; null if <c>Scim.Api</c> cannot be reached.</param>
/// <param name="Health">What needs attention; empty if nothing does.</param>
internal sealed record ListedAccount(
    Account Account,
    CredentialSet? Active,
    IReadOnlyDictionary<string, int>? InUse,
    IReadOnlyList<AccountHealth> Health);

/// <summary>A page of accounts, in the order of their names.</summary>
/// <param name="Accounts">The accounts.</param>
/// <param name="Next">The name after which the next page begins; null if this is the last one.</param>
/// <param name="SeatsAreKnown">Whether <c>Scim.Api</c> could be asked for the seats in use.</param>
internal sealed record AccountPage(IReadOnlyList<ListedAccount> Accounts, string? Next, bool SeatsAreKnown = true);

/// <summary>
/// The accounts of all customers, for operators. Each kind of <see cref="AccountHealth"/> is one condition of the
/// database, which both finds accounts and marks those of a page; except <see cref="AccountHealth.Full"/>, as
/// <c>Scim.Api</c> counts the seats.
/// </summary>
internal sealed class AccountDirectory(AuthDbContext db, SeatCounts seats, TimeProvider time)
{
    public const int PageSize = 25;

    private static readonly TimeSpan soon = TimeSpan.FromDays(30);
    private static readonly TimeSpan silence = TimeSpan.FromDays(7);
    private static readonly TimeSpan recently = TimeSpan.FromDays(1);

    /// <summary>Lists accounts.</summary>
    /// <param name="search">
    /// A part of the name, or the whole of an id, an allowed domain or an administrator's e-mail address; null for all.
    /// </param>
    /// <param name="health">What the accounts have in common; null for all.</param>
    /// <param name="after">The name after which the page begins; null for the first page.</param>
    /// <param name="cancellation">Cancels the query.</param>
    public async Task<AccountPage> List(
        string? search, AccountHealth? health, string? after, CancellationToken cancellation)
    {
        var matching = db.Accounts.AsNoTracking();
        if (search is not null)
            matching = matching.Where(Matches(search));
        if (health is { } wanted and not AccountHealth.Full)
            matching = matching.Where(Is(wanted));
        var found = new List<CountedAccount>();
        // Full accounts may be few among many.
        var take = health == AccountHealth.Full ? SeatsInUse.MaxAccounts : PageSize + 1;
        while (true)
        {
            var batch = await (after is null ? matching : matching.Where(IsAfter(after)))
                .Include(account => account.Licences).OrderBy(account => account.Name).Take(take)
                .ToListAsync(cancellation);
            var inUse = await seats.Of(batch.ConvertAll(account => account.Id), cancellation);
            if (inUse is null && health == AccountHealth.Full)
                return new([], Next: null, SeatsAreKnown: false);
            var counted = batch.Select(account => new CountedAccount(account, inUse?[account.Id]));
            found.AddRange(health == AccountHealth.Full ? counted.Where(account => account.IsFull) : counted);
            if (found.Count > PageSize || batch.Count < take)
                break;
            after = batch[^1].Name;
        }

        var page = found[..Math.Min(found.Count, PageSize)];
        return new(
            await Describe(page, cancellation),
            found.Count > PageSize ? page[^1].Account.Name : null,
            found.TrueForAll(account => account.InUse is not null));
    }

    private async Task<List<ListedAccount>> Describe(List<CountedAccount> accounts, CancellationToken cancellation)
    {
        var ids = accounts.ConvertAll(account => account.Account.Id);
        var now = time.GetUtcNow().UtcDateTime;
        var active = await db.CredentialSets.AsNoTracking()
            .Where(set => ids.Contains(set.AccountId) && set.State == CredentialSetState.Active)
            .ToDictionaryAsync(set => set.AccountId, cancellation);
        var healths = new Dictionary<AccountHealth, List<Guid>>();
        foreach (var health in Enum.GetValues<AccountHealth>())
        {
            healths[health] = health == AccountHealth.Full
                ? [.. accounts.Where(account => account.IsFull).Select(account => account.Account.Id)]
                : await db.Accounts.Where(account => ids.Contains(account.Id)).Where(Is(health))
                    .Select(account => account.Id).ToListAsync(cancellation);
        }
        return accounts.ConvertAll(account => new ListedAccount(
            account.Account,
            active.GetValueOrDefault(account.Account.Id) is { } set && set.IsLive(now) ? set : null,
            account.InUse,
            [.. healths.Where(health => health.Value.Contains(account.Account.Id)).Select(health => health.Key)]));
    }

    // Translated to SQL, which compares in the order in which it sorts, and has no comparison that ignores case in both
    // databases.
#pragma warning disable CA1310, CA1862
    private static Expression<Func<Account, bool>> IsAfter(string name) =>
        account => string.Compare(account.Name, name) > 0;

    private Expression<Func<Account, bool>> Matches(string search)
    {
        var (text, key) = (search.ToLowerInvariant(), EmailNormalizer.Normalize(search));
        Guid? id = Guid.TryParse(search, out var parsed) ? parsed : null;
        return account => account.Name.ToLower().Contains(text)
            || account.Id == id
            || account.Domains.Contains(key)
            || db.Set<Administrator>().Any(one => one.AccountId == account.Id && one.NormalizedEmail == key);
    }
#pragma warning restore CA1310, CA1862

    private Expression<Func<Account, bool>> Is(AccountHealth health)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var (expiresBefore, calledAfter, refusedAfter) = (now + soon, now - silence, now - recently);
        var live = db.CredentialSets.Where(set => set.State == CredentialSetState.Active
            && (set.ExpiresAt == null || set.ExpiresAt > now));
        return health switch
        {
            AccountHealth.Expiring => account => live.Any(
                set => set.AccountId == account.Id && set.ExpiresAt <= expiresBefore),
            AccountHealth.Failing => account => account.ScimEnabled && !account.Suspended
                && db.Set<CredentialSet>().Any(set => set.AccountId == account.Id && set.Generation != null)
                && (!live.Any(set => set.AccountId == account.Id)
                    || db.Set<CredentialSet>().Any(
                        set => set.AccountId == account.Id && set.LastRefusal!.At > refusedAfter)),
            AccountHealth.Silent => account => account.ScimEnabled && !account.Suspended && live.Any(
                set => set.AccountId == account.Id
                    && (set.LastUse == null ? set.ActivatedAt : set.LastUse.At) < calledAfter),
            AccountHealth.Disabled => account => !account.ScimEnabled,
            _ => account => account.Suspended,
        };
    }

    /// <summary>An account, and the seats that it uses by product; null if they are unknown.</summary>
    private sealed record CountedAccount(Account Account, IReadOnlyDictionary<string, int>? InUse)
    {
        public bool IsFull => InUse is not null && Account.Licences.Any(licence => licence.IsFull(InUse));
    }
}
