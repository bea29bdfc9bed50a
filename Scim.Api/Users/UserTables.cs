using System.Data;
using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
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

        /// <summary>
        /// A user as it is answered. It is what clients ask most, so it is one statement, prepared once a connection,
        /// and no entity.
        /// </summary>
        public async Task<Resource?> ReadUser(Guid accountId, string id, CancellationToken cancellation)
        {
            if (!Lookups.TryReadId(id, out var guid))
                return null;
            await db.Database.OpenConnectionAsync(cancellation);
            try
            {
                await using var command = db.Database.GetDbConnection().CreateCommand();
                command.CommandText =
                    """
                    SELECT "Document", "Created", "LastModified", "Version" FROM "Users"
                    WHERE "AccountId" = @account AND "Id" = @id AND "DeletedAt" IS NULL
                    """;
                command.Add("@account", accountId);
                command.Add("@id", guid);
                await command.PrepareAsync(cancellation);
                await using var row = await command.ExecuteReaderAsync(CommandBehavior.SingleRow, cancellation);
                return await row.ReadAsync(cancellation)
                    ? User.ToResource(guid, row.GetString(0)) with
                    {
                        Created = row.GetDateTime(1), LastModified = row.GetDateTime(2), Version = row.GetInt64(3),
                    }
                    : null;
            }
            finally
            {
                await db.Database.CloseConnectionAsync();
            }
        }
    }

    /// <summary>The user with this id; what is no id is nobody's.</summary>
    public static IQueryable<User> WithId(this IQueryable<User> users, string id) =>
        Lookups.TryReadId(id, out var guid)
            ? users.Where(user => user.Id == guid)
            : users.Where(user => false);

    private static void Add(this DbCommand command, string name, Guid value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType, parameter.Value) = (name, DbType.Guid, value);
        command.Parameters.Add(parameter);
    }
}
