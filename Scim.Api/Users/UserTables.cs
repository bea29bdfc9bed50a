using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Users.Search;

namespace Scim.Api.Users;

/// <summary>The users of the database. Every query begins with an account.</summary>
internal static class UserTables
{
    extension(ScimDbContext db)
    {
        public DbSet<User> Users => db.Set<User>();

        /// <summary>The account's users that are not deleted.</summary>
        public IQueryable<User> UsersOf(Guid accountId) =>
            db.Users.Where(user => user.AccountId == accountId && user.DeletedAt == null);

        public IQueryable<UserEmail> EmailsOf(Guid accountId) =>
            db.Set<UserEmail>().Where(email => email.AccountId == accountId);
    }

    /// <summary>The user with this id; what is no id is nobody's.</summary>
    public static IQueryable<User> WithId(this IQueryable<User> users, string id) =>
        Lookups.TryReadId(id, out var guid)
            ? users.Where(user => user.Id == guid)
            : users.Where(user => false);
}
