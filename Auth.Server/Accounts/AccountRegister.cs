using System.Text.RegularExpressions;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using Shared.Hosting.Text;

namespace Auth.Server.Accounts;

/// <summary>
/// An operator's changes to an account; null leaves a value unchanged. A <paramref name="RateLimit"/> of 0 means none.
/// </summary>
internal sealed record AccountChange(
    bool? ScimEnabled = null,
    bool? Suspended = null,
    IReadOnlyList<string>? Domains = null,
    IReadOnlyDictionary<string, int>? Licences = null,
    string? AttributeRules = null,
    int? RateLimit = null,
    bool? RestoreInactive = null,
    bool? RequireSecondFactor = null,
    bool? OmitPagination = null)
{
    /// <summary>Why, in a change from the operator console.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// The changes, for people to read: <c>Reason: new contract. SCIM on; licence portal=100</c>.
    /// </summary>
    public override string ToString()
    {
        IEnumerable<string?> changes =
        [
            ScimEnabled is { } scim ? $"SCIM {OnOff(scim)}" : null,
            Suspended is { } suspended ? $"suspended {OnOff(suspended)}" : null,
            Domains is { } domains ? $"domains {(domains.Count == 0 ? "all" : string.Join(", ", domains))}" : null,
            .. (Licences ?? new Dictionary<string, int>()).Select(licence => $"licence {licence.Key}={licence.Value}"),
            AttributeRules is { } rules ? $"attribute rules {rules}" : null,
            RateLimit is { } limit ? $"rate limit {(limit == 0 ? "none" : limit)}" : null,
            RestoreInactive is { } restore ? $"restore inactive {OnOff(restore)}" : null,
            RequireSecondFactor is { } require ? $"second factor required {OnOff(require)}" : null,
            OmitPagination is { } omit ? $"omit pagination {OnOff(omit)}" : null,
        ];
        return (Reason is null ? "" : $"Reason: {Reason}. ")
            + string.Join("; ", changes.Where(change => change is not null));
    }

    private static string OnOff(bool value) => value ? "on" : "off";
}

/// <summary>Creates and changes accounts, on behalf of SciLeads' operators.</summary>
internal sealed partial class AccountRegister(
    AuthDbContext db, Operation operation, TimeProvider time)
{
    private const int MinRateLimit = 25;
    private const int MaxRateLimit = 10_000;

    public async Task<Account> Get(Guid id, CancellationToken cancellation) =>
        await db.Accounts.Include(account => account.Licences)
            .SingleOrDefaultAsync(account => account.Id == id, cancellation)
        ?? throw ProblemException.NotFound($"There is no account {id}.");

    public Task<List<Account>> List(CancellationToken cancellation) => db.Accounts.AsNoTracking()
        .Include(account => account.Licences).OrderBy(account => account.Name).ToListAsync(cancellation);

    public async Task<Account> Create(
        string name, AccountChange settings, Actor actor, CancellationToken cancellation) => (await operation.Run(
        actor,
        AuditAction.CreateAccount,
        null,
        async work =>
        {
            name = name.Trim();
            if (name.Length is 0 or > 200 || name.Any(char.IsControl))
                throw ProblemException.Invalid("An account's name must be one line of 1 to 200 characters.");
            if (Identifiers.FaultOfExternal(name) is { } fault)
                throw ProblemException.Invalid($"The account's name {fault}");
            if (await db.Accounts.AnyAsync(account => account.Name == name, cancellation))
                throw ProblemException.Conflict($"There is already an account named {name}.");
            var account = new Account { Name = name, CreatedAt = time.GetUtcNow().UtcDateTime };
            (work.Entry.AccountId, work.Entry.About, work.Entry.Detail) = (account.Id, name, $"{settings}");
            Apply(account, settings);
            db.Accounts.Add(account);
            await db.SaveChangesAsync(cancellation);
            return account;
        },
        cancellation)).Result;

    public async Task<Account> Update(
        Guid id, AccountChange change, Actor actor, CancellationToken cancellation) => (await operation.Run(
        actor,
        AuditAction.UpdateAccount,
        id,
        async work =>
        {
            // Locks the row on PostgreSQL, so that concurrent changes to one account are made one after another.
            await db.Accounts.Where(account => account.Id == id).ExecuteUpdateAsync(
                set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration),
                cancellation);
            var account = await Get(id, cancellation);
            (work.Entry.About, work.Entry.Detail) = (account.Name, $"{change}");
            Apply(account, change);
            await db.SaveChangesAsync(cancellation);
            await work.Publish(SecurityEvents.AccountChange, id, cancellation);
            return account;
        },
        cancellation)).Result;

    private static void Apply(Account account, AccountChange change)
    {
        account.ScimEnabled = change.ScimEnabled ?? account.ScimEnabled;
        account.Suspended = change.Suspended ?? account.Suspended;
        account.RestoreInactive = change.RestoreInactive ?? account.RestoreInactive;
        account.RequireSecondFactor = change.RequireSecondFactor ?? account.RequireSecondFactor;
        account.OmitPagination = change.OmitPagination ?? account.OmitPagination;
        if (change.AttributeRules is { } rules)
        {
            account.AttributeRules = rules is AttributeRuleSets.Guide or AttributeRuleSets.Rfc
                ? rules
                : throw ProblemException.Invalid($"Attribute rules must be guide or rfc, not \"{rules}\".");
        }

        if (change.RateLimit is { } rateLimit)
            account.RateLimit = CheckRateLimit(rateLimit);
        if (change.Domains is { } domains)
            account.Domains = [.. domains.Select(CheckDomain).Distinct()];
        foreach (var (product, seats) in change.Licences ?? new Dictionary<string, int>())
            ApplyLicence(account, product, seats);
    }

    private static int? CheckRateLimit(int limit) => limit switch
    {
        0 => null,
        >= MinRateLimit and <= MaxRateLimit => limit,
        _ => throw ProblemException.Invalid(
            $"A rate limit must be from {MinRateLimit} to {MaxRateLimit} requests per second, not {limit}: "
            + "Okta and Entra ID need at least 25."),
    };

    private static void ApplyLicence(Account account, string product, int seats)
    {
        if (!Product().IsMatch(product))
            throw ProblemException.Invalid(
                $"\"{product}\" is not a valid product: use lower case letters, digits and hyphens.");
        if (seats is < 0 or > 10_000_000)
            throw ProblemException.Invalid($"{seats} is not a valid number of seats.");
        if (account.Licences.FirstOrDefault(licence => licence.Product == product) is { } licence)
            licence.Seats = seats;
        else
            account.Licences.Add(new() { AccountId = account.Id, Product = product, Seats = seats });
    }

    private static string CheckDomain(string domain)
    {
        var written = domain.Trim().TrimStart('@');
        if (Identifiers.Fault(written) is { } fault)
            throw ProblemException.Invalid($"The e-mail domain {fault}");
        // Folded as Scim.Api compares it; the ideographic full stop counts as a dot (RFC 3490 §3.1).
        var name = CaseFolding.Fold(written).Replace('\u3002', '.');
        return Uri.CheckHostName(name) == UriHostNameType.Dns && name.Contains('.', StringComparison.Ordinal)
            ? name
            : throw ProblemException.Invalid($"\"{domain}\" is not a valid e-mail domain, such as example.com.");
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,49}\\z")]
    private static partial Regex Product();
}
