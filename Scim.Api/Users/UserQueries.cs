using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

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
        /// Reads a user as a resource. This is the most frequent request, so it is one statement, prepared once per
        /// connection, and creates no entity. A user that is larger than the current limit is only read when
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

        private async Task<(Resource? User, bool IsLarge)> ReadUser(
            Guid accountId, Guid id, int maxSize, CancellationToken cancellation)
        {
            await db.Database.OpenConnectionAsync(cancellation);
            try
            {
                await using var command = db.Database.GetDbConnection().CreateCommand();
                command.CommandText =
                    """
                    SELECT CASE WHEN octet_length("Document") <= @size THEN "Document" END,
                        "Created", "LastModified", "Version"
                    FROM "Users"
                    WHERE "AccountId" = @account AND "Id" = @id AND "DeletedAt" IS NULL
                    """;
                command.Add("@size", DbType.Int32, maxSize);
                command.Add("@account", DbType.Guid, accountId);
                command.Add("@id", DbType.Guid, id);
                await command.PrepareAsync(cancellation);
                await using var row = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, cancellation);
                if (!await row.ReadAsync(cancellation))
                    return (null, false);
                if (await row.IsDBNullAsync(0, cancellation))
                    return (null, true);
                return (row.ToResource(id, document: 0), false);
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        }
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

    private static void Add(this DbCommand command, string name, DbType type, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType, parameter.Value) = (name, type, value);
        command.Parameters.Add(parameter);
    }
}
