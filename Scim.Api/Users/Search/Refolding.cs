using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Provisioning;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Search;

/// <summary>
/// At startup, after the migrations, folds the keys of users again that have a lower
/// <see cref="SearchDocument.Version"/>, before anybody searches by them. It works in small steps, and continues after
/// an interruption.
/// <para>
/// Two users with different names can have the same key afterwards. The older user gets it. The other one keeps its old
/// key until it is renamed, and <c>Scim.Api users conflicts</c> lists it. The same goes for work e-mails: the older
/// user claims the address. None of this stops the startup.
/// </para>
/// </summary>
internal sealed class Refolding(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, ILogger<Refolding> log) : IHostedService
{
    private const int StepSize = 200;

    public Task StartAsync(CancellationToken cancellationToken) =>
        options.Value.MigrateAtStart ? RefoldAll(cancellationToken) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Folds the keys of all users who need it.</summary>
    public async Task RefoldAll(CancellationToken cancellation)
    {
        foreach (var account in await FindAccounts(cancellation))
        {
            var total = 0;
            for (var folded = StepSize; folded == StepSize; total += folded)
                folded = await RefoldSome(account, cancellation);
            log.LogInformation("The keys of {Users} users of account {Account} were folded again", total, account);
        }
    }

    private async Task<List<Guid>> FindAccounts(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.Set<Population>().Select(population => population.AccountId)
            .Where(account => db.Set<User>().Any(user =>
                user.AccountId == account && user.DeletedAt == null && user.SearchVersion < SearchDocument.Version))
            .ToListAsync(cancellation);
    }

    private async Task<int> RefoldSome(Guid account, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        using var batch = SqlBatch.On(db);
        batch.LockAccount(account);
        await batch.Run(cancellation);
        var users = await db.UsersOf(account)
            .Where(user => user.SearchVersion < SearchDocument.Version)
            .OrderBy(user => user.Id)
            .Take(StepSize)
            .Include(user => user.Emails)
            .ToListAsync(cancellation);
        foreach (var user in users)
        {
            await RefoldUserName(db, user, cancellation);
            await RefoldEmails(db, user, cancellation);
        }
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
        return users.Count;
    }

    private async Task RefoldUserName(ScimDbContext db, User user, CancellationToken cancellation)
    {
        var key = CaseFolding.Fold(user.UserName);
        if (key == user.UserNameKey)
            return;
        var owner = await db.UsersOf(user.AccountId)
            .SingleOrDefaultAsync(other => other.UserNameKey == key && other.Id != user.Id, cancellation);
        if (owner is not null)
            log.LogWarning(
                "In account {Account} the userNames of {User} and {Other} are compared as equal now; "
                + "'Scim.Api users conflicts' lists such users",
                user.AccountId, user.Id, owner.Id);
        // Ids are in order of creation.
        if (owner is not null && owner.Id < user.Id)
            return;
        if (owner is not null)
        {
            // The older user gets the key that the other one has. No userName can contain this separator.
            owner.SetUserNameKey($"{key}\u001F{owner.Id}");
            await db.SaveChangesAsync(cancellation);
        }
        user.SetUserNameKey(key);
        // Save now, so that the next user of this step sees it.
        await db.SaveChangesAsync(cancellation);
    }

    private static async Task RefoldEmails(ScimDbContext db, User user, CancellationToken cancellation)
    {
        var before = user.Emails.Where(email => email.Claimed).Select(email => email.ValueKey).ToHashSet();
        user.Refold();
        var changed = user.Emails.Where(email => email.Claimed && !before.Contains(email.ValueKey)).ToList();
        if (changed.Count == 0)
            return;
        var keys = changed.ConvertAll(email => email.ValueKey);
        var owned = await db.EmailsOf(user.AccountId)
            .Where(email => keys.Contains(email.ValueKey) && email.Claimed && email.UserId != user.Id)
            .ToListAsync(cancellation);
        foreach (var other in owned)
        {
            var own = changed.Single(email => email.ValueKey == other.ValueKey);
            (other.UserId < user.Id ? own : other).Claimed = false;
        }
        // Release the claims of younger users before the older ones take them.
        var begun = changed.Where(email => email.Claimed).ToList();
        begun.ForEach(email => email.Claimed = false);
        await db.SaveChangesAsync(cancellation);
        begun.ForEach(email => email.Claimed = true);
        await db.SaveChangesAsync(cancellation);
    }
}
