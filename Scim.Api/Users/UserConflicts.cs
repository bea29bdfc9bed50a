using System.CommandLine;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;

namespace Scim.Api.Users;

/// <summary>
/// <c>Scim.Api users conflicts</c>: lists users whose userName or work e-mail is compared as equal with an older
/// user's. They are older than a rule: see <see cref="Refolding"/>.
/// </summary>
internal static class UserConflicts
{
    public static Command Command(Func<Task<IServiceProvider>> server)
    {
        var command = new Command(
            "conflicts", "Lists users whose userName or work e-mail is compared as equal with another user's.");
        command.SetAction(async (_, cancellation) =>
        {
            await using var scope = (await server()).CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
            var count = 0;
            await foreach (var conflict in db.FindConflicts(cancellation))
            {
                count++;
                Console.WriteLine(conflict);
            }
            Console.WriteLine(count == 0 ? "No conflicts." : $"{count} conflicts. Rename one user of each.");
        });
        return command;
    }

    /// <summary>Finds the conflicts of all accounts, one account after the other.</summary>
    public static async IAsyncEnumerable<Conflict> FindConflicts(
        this ScimDbContext db, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var accounts = await db.Set<Population>().Select(population => population.AccountId)
            .OrderBy(account => account).ToListAsync(cancellation);
        foreach (var account in accounts)
        {
            var names = db.UsersOf(account).AsNoTracking().OrderBy(user => user.Id)
                .Select(user => new { user.Id, user.UserName, user.UserNameKey });
            var unexpected = new List<(Guid Id, string UserName, string Key)>();
            await foreach (var user in names.AsAsyncEnumerable().WithCancellation(cancellation))
            {
                if (CaseFolding.Fold(user.UserName) is var key && key != user.UserNameKey)
                    unexpected.Add((user.Id, user.UserName, key));
            }
            foreach (var (id, userName, key) in unexpected)
            {
                var owner = await db.UsersOf(account).Where(user => user.UserNameKey == key && user.Id != id)
                    .Select(user => (Guid?)user.Id).SingleOrDefaultAsync(cancellation);
                yield return new Conflict(account, id, "userName", userName, owner);
            }

            var shared =
                from email in db.EmailsOf(account)
                where email.TypeKey == UserEmail.Work && !email.Claimed
                join claim in db.EmailsOf(account).Where(claim => claim.Claimed) on email.ValueKey equals claim.ValueKey
                where claim.UserId != email.UserId
                orderby email.UserId
                select new Conflict(account, email.UserId, "work e-mail", email.ValueKey, claim.UserId);
            foreach (var conflict in await shared.ToListAsync(cancellation))
                yield return conflict;
        }
    }

    /// <summary>
    /// A user whose value is compared as equal with that of the <paramref name="Owner"/>, who may no longer exist.
    /// </summary>
    internal sealed record Conflict(Guid AccountId, Guid UserId, string What, string Value, Guid? Owner)
    {
        public override string ToString() => $"account {AccountId}: user {UserId}: {What} {Value}: "
            + (Owner is { } owner ? $"compared as equal with user {owner}'s" : "cannot be found by it until renamed");
    }
}
