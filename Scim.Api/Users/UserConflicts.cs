using System.CommandLine;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users.Search;

namespace Scim.Api.Users;

/// <summary>
/// <c>Scim.Api users conflicts</c>: lists the users who have a userName or a work e-mail that is compared as equal with
/// an older user's. Such users stem from before a rule: see <see cref="Refolding"/>.
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
            Console.WriteLine(count == 0 ? "No conflicts." : $"{count} conflicts: rename one user of each.");
        });
        return command;
    }

    /// <summary>The conflicts of all accounts, account by account.</summary>
    public static async IAsyncEnumerable<Conflict> FindConflicts(
        this ScimDbContext db, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var accounts = await db.Set<Population>().Select(population => population.AccountId)
            .OrderBy(account => account).ToListAsync(cancellation);
        foreach (var account in accounts)
        {
            var names = db.UsersOf(account).AsNoTracking().OrderBy(user => user.Id)
                .Select(user => new { user.Id, user.UserName, user.UserNameKey });
            var foreign = new List<(Guid Id, string UserName, string Key)>();
            await foreach (var user in names.AsAsyncEnumerable().WithCancellation(cancellation))
            {
                if (CaseFolding.Fold(user.UserName) is var key && key != user.UserNameKey)
                    foreign.Add((user.Id, user.UserName, key));
            }
            foreach (var (id, userName, key) in foreign)
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
    /// A user whose value is compared as equal with the <paramref name="Owner"/>'s, if it still exists.
    /// </summary>
    internal sealed record Conflict(Guid AccountId, Guid UserId, string What, string Value, Guid? Owner)
    {
        public override string ToString() => $"account {AccountId}: user {UserId}: {What} {Value}: "
            + (Owner is { } owner ? $"compared as equal with user {owner}'s" : "not found by it until it is renamed");
    }
}
