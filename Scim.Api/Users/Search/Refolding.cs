using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Provisioning;

namespace Scim.Api.Users.Search;

/// <summary>
/// Folds the keys again of users whose keys are of a lower <see cref="SearchDocument.Version"/>, before anybody
/// searches by them: with the migrations, in small steps, from where it was broken off.
/// </summary>
internal sealed class Refolding(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, ILogger<Refolding> log) : IHostedService
{
    private const int StepSize = 200;

    public Task StartAsync(CancellationToken cancellationToken) =>
        options.Value.MigrateAtStart ? RefoldAll(cancellationToken) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Folds the keys of everyone who needs it.</summary>
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
        await db.LockAccount(account, cancellation);
        var users = await db.UsersOf(account)
            .Where(user => user.SearchVersion < SearchDocument.Version)
            .OrderBy(user => user.Id)
            .Take(StepSize)
            .Include(user => user.Emails)
            .ToListAsync(cancellation);
        foreach (var user in users)
            user.Fold(user.Json(), claimsWorkEmail: user.Emails.Exists(email => email.Claimed));
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
        return users.Count;
    }
}
