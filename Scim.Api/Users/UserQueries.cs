using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>Queries for users. Every query starts with an account.</summary>
internal static class UserQueries
{
    extension(ScimDbContext db)
    {
        public DbSet<User> Users => db.Set<User>();

        /// <summary>The account's users who have not been deleted.</summary>
        public IQueryable<User> UsersOf(Guid accountId) =>
            db.Users.Where(user => user.AccountId == accountId && user.DeletedAt == null);

        public IQueryable<UserEmail> EmailsOf(Guid accountId) =>
            db.Set<UserEmail>().Where(email => email.AccountId == accountId);

        /// <summary>
        /// Reads a user as a resource. This is the most frequent request, so it is one statement, which stays prepared
        /// on PostgreSQL, and creates no entity. A user that is larger than the current limit is only read when
        /// <paramref name="message"/> has a slot.
        /// </summary>
        public async Task<Resource?> ReadUser(
            Guid accountId, string id, LargeMessage message, CancellationToken cancellation)
        {
            if (!UserIds.TryRead(id, out var guid))
                return null;
            var maxSize = message.HasSlot ? int.MaxValue : LargeMessages.FreeBytes;
            var (user, isLarge) = await db.ReadUser(accountId, guid, maxSize, cancellation);
            if (!isLarge)
                return user;
            await message.TakeSlot(cancellation);
            return (await db.ReadUser(accountId, guid, int.MaxValue, cancellation)).User;
        }

        private Task<(Resource? User, bool IsLarge)> ReadUser(
            Guid accountId, Guid id, int maxSize, CancellationToken cancellation) => SqlBatch.Read(
            db,
            batch => batch.Add(
                """
                SELECT CASE WHEN octet_length("Document") <= $3 THEN "Document" END,
                    "Created", "LastModified", "Version"
                FROM "Users"
                WHERE "AccountId" = $1 AND "Id" = $2 AND "DeletedAt" IS NULL
                """,
                accountId, id, maxSize),
            results => results.One(row => row.IsDBNull(0)
                ? (null, IsLarge: true)
                : ((Resource?)row.ToResource(id, document: 0), IsLarge: false)),
            cancellation);
    }

    /// <summary>
    /// A user as a resource, from a row with <c>Created</c>, <c>LastModified</c> and <c>Version</c> as its columns 1 to
    /// 3. The document stays UTF-8.
    /// </summary>
    public static Resource ToResource(this DbDataReader row, Guid id, int document) =>
        new(ResourceType.User.Name, $"{ResourceType.User.Endpoint}/{id}", row.GetFieldValue<byte[]>(document))
        {
            Created = row.GetDateTime(1), LastModified = row.GetDateTime(2), Version = row.GetInt64(3),
        };
}
