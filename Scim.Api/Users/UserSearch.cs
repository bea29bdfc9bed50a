using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;

namespace Scim.Api.Users;

/// <summary>Which users of an account are wanted, and in what order; by creation, if none is named.</summary>
internal sealed record UserQuery(Guid AccountId, Filter? Filter = null, Sorting? Sorting = null);

/// <summary>
/// Where a user stands in the order of a query: the value it is sorted by, folded (null if it is missing, or if the
/// query names no order), and its id.
/// </summary>
internal sealed record UserPosition(Guid Id, string? Value = null);

/// <summary>A user that was found, as it is answered, and where it stands.</summary>
internal sealed record FoundUser(Resource Resource, UserPosition Position);

/// <summary>Finds users in the database. Nothing is loaded that is not answered.</summary>
internal static class UserSearch
{
    extension(ScimDbContext db)
    {
        /// <summary>
        /// The next <paramref name="take"/> users of the query behind a position, or from its beginning, after leaving out
        /// <paramref name="skip"/>.
        /// </summary>
        public async Task<IReadOnlyList<FoundUser>> Find(
            UserQuery query, UserPosition? after, int skip, int take, CancellationToken cancellation)
        {
            var users = db.Matching(query);
            if (after is not null)
                users = users.Where(user => user.Id > after.Id);
            var found = await users.OrderBy(user => user.Id).Skip(skip).Take(take).ToListAsync(cancellation);
            return [.. found.Select(user => new FoundUser(user.ToResource(), new UserPosition(user.Id)))];
        }

        /// <summary>How many users the query has.</summary>
        public Task<int> Count(UserQuery query, CancellationToken cancellation) =>
            db.Matching(query).CountAsync(cancellation);

        private IQueryable<User> Matching(UserQuery query)
        {
            var users = db.UsersOf(query.AccountId).AsNoTracking();
            return query.Filter is null ? users : users.Matching(query.Filter, db, query.AccountId);
        }
    }
}
