using System.Data.Common;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// The statements of <see cref="UserWrites"/>, written by hand: what a write reads under its locks, and what it writes.
/// </summary>
internal static class UserStatements
{
    private const string UserColumns =
        """
        "AccountId", "Id", "UserName", "UserNameKey", "ExternalId", "Active", "HasSetDisplayName", "HasSetWorkEmail",
        "Source", "Document", "Search", "SearchVersion", "SearchText", "Version", "Created", "LastModified",
        "DeletedAt", "ActiveSetByHand"
        """;

    // What is read
    extension(SqlBatch batch)
    {
        /// <summary>Reads a user: the result of <see cref="User.Read"/>, if it exists.</summary>
        public void FindUser(Guid account, Guid id) => batch.Add(
            $"""
            SELECT {UserColumns} FROM "Users" WHERE "AccountId" = $1 AND "Id" = $2 AND "DeletedAt" IS NULL
            """,
            account, id);

        /// <summary>Reads the user with a userName.</summary>
        public void FindUserByName(Guid account, string userNameKey) => batch.Add(
            $"""
            SELECT {UserColumns} FROM "Users"
            WHERE "AccountId" = $1 AND "UserNameKey" = $2 AND "DeletedAt" IS NULL
            """,
            account, userNameKey);

        /// <summary>Reads users with an externalId, two at most: it identifies nobody if several have it.</summary>
        public void FindUsersByExternalId(Guid account, string? externalId) => batch.Add(
            $"""
            SELECT {UserColumns} FROM "Users"
            WHERE "AccountId" = $1 AND "ExternalId" = $2 AND "DeletedAt" IS NULL
            ORDER BY "Id" LIMIT 2
            """,
            account, externalId);

        /// <summary>Reads a user's e-mail addresses.</summary>
        public void FindEmails(Guid account, Guid user) => batch.Add(
            """
            SELECT "ValueKey", "TypeKey", "Claimed" FROM "UserEmails" WHERE "AccountId" = $1 AND "UserId" = $2
            """,
            account, user);

        /// <summary>Reads who has one of these work e-mails.</summary>
        public void FindOwners(Guid account, string[] emailKeys)
        {
            // PostgreSQL plans a statement with a list anew each time, which takes longer than to run it. Most users
            // have one work e-mail.
            var (isOneOfThem, keys) = emailKeys is [var only]
                ? ("= $2", (SqlValue)only)
                : (batch.IsAnyOf("$2"), emailKeys);
            batch.Add(
                $"""
                SELECT email."ValueKey", owner."Id", owner."Active"
                FROM "UserEmails" email
                JOIN "Users" owner ON owner."AccountId" = email."AccountId" AND owner."Id" = email."UserId"
                WHERE email."AccountId" = $1 AND email."ValueKey" {isOneOfThem} AND email."TypeKey" = 'work'
                    AND owner."DeletedAt" IS NULL
                """,
                account, keys);
        }

        /// <summary>Reads how many seats of each product are taken.</summary>
        public void FindSeatCounts(Guid account) => batch.Add(
            """SELECT "Product", "Used" FROM "SeatCounts" WHERE "AccountId" = $1""", account);

        /// <summary>Reads the id of the account's newest user, deleted or not.</summary>
        public void FindNewestId(Guid account) => batch.Add(
            """SELECT "Id" FROM "Users" WHERE "AccountId" = $1 ORDER BY "Id" DESC LIMIT 1""", account);
    }

    public static UserEmail ReadEmail(DbDataReader row) =>
        new() { ValueKey = row.GetString(0), TypeKey = row.GetString(1), Claimed = row.GetBoolean(2) };

    public static EmailOwner ReadOwner(DbDataReader row) =>
        new(row.GetString(0), row.GetGuid(1), row.GetBoolean(2));

    public static SeatsTaken ReadSeatCount(DbDataReader row) => new(row.GetString(0), row.GetInt32(1));

    public static Guid? ReadId(DbDataReader row) => row.GetGuid(0);

    // What is written
    extension(SqlBatch batch)
    {
        public void InsertUser(User user) => batch.Add(
            $"""
            INSERT INTO "Users" ({UserColumns})
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            """,
            user.AccountId, user.Id, user.UserName, user.UserNameKey, user.ExternalId, user.Active,
            user.HasSetDisplayName, user.HasSetWorkEmail, user.Source, user.Document, SqlValue.Json(user.Search),
            user.SearchVersion, user.SearchText, user.Version, user.Created, user.LastModified, user.DeletedAt,
            user.ActiveSetByHand);

        public void UpdateUser(User user) => batch.Add(
            """
            UPDATE "Users"
            SET "UserName" = $3, "UserNameKey" = $4, "ExternalId" = $5, "Active" = $6, "HasSetDisplayName" = $7,
                "HasSetWorkEmail" = $8, "Document" = $9, "Search" = $10, "SearchVersion" = $11, "SearchText" = $12,
                "Version" = $13, "LastModified" = $14, "DeletedAt" = $15, "ActiveSetByHand" = $16
            WHERE "AccountId" = $1 AND "Id" = $2
            """,
            user.AccountId, user.Id, user.UserName, user.UserNameKey, user.ExternalId, user.Active,
            user.HasSetDisplayName, user.HasSetWorkEmail, user.Document, SqlValue.Json(user.Search),
            user.SearchVersion, user.SearchText, user.Version, user.LastModified, user.DeletedAt,
            user.ActiveSetByHand);

        /// <summary>Writes what has changed in a user's e-mail addresses.</summary>
        public void ChangeEmails(User user, IReadOnlyCollection<EmailRow> before)
        {
            var after = user.EmailRows();
            foreach (var email in before.Except(after))
                batch.Add(
                    """
                    DELETE FROM "UserEmails"
                    WHERE "AccountId" = $1 AND "UserId" = $2 AND "ValueKey" = $3 AND "TypeKey" = $4
                    """,
                    user.AccountId, user.Id, email.ValueKey, email.TypeKey);
            foreach (var email in after.Except(before))
                batch.Add(
                    """
                    INSERT INTO "UserEmails" ("AccountId", "UserId", "ValueKey", "TypeKey", "Claimed")
                    VALUES ($1, $2, $3, $4, $5)
                    """,
                    user.AccountId, user.Id, email.ValueKey, email.TypeKey, email.Claimed);
        }

        /// <summary>
        /// Gives a user a seat of each product that new users receive. The user of a connection test needs a free seat,
        /// but leaves it to others.
        /// </summary>
        public void TakeSeats(User user, AccountPolicy account)
        {
            if (user.IsOfTest)
                return;
            foreach (var licence in account.LicencesOfNewUsers())
            {
                batch.Add(
                    """
                    INSERT INTO "SeatCounts" ("AccountId", "Product", "Used") VALUES ($1, $2, 1)
                    ON CONFLICT ("AccountId", "Product") DO UPDATE SET "Used" = "SeatCounts"."Used" + 1
                    """,
                    user.AccountId, licence.Product);
                batch.Add(
                    """INSERT INTO "Seats" ("AccountId", "UserId", "Product") VALUES ($1, $2, $3)""",
                    user.AccountId, user.Id, licence.Product);
            }
        }

        public void ReleaseSeats(User user)
        {
            batch.Add(
                """
                UPDATE "SeatCounts" SET "Used" = "Used" - 1
                WHERE "AccountId" = $1
                    AND "Product" IN (SELECT "Product" FROM "Seats" WHERE "AccountId" = $1 AND "UserId" = $2)
                """,
                user.AccountId, user.Id);
            batch.Add(
                """DELETE FROM "Seats" WHERE "AccountId" = $1 AND "UserId" = $2""", user.AccountId, user.Id);
        }

        public void ChangePopulation(Guid account, int by) => batch.Add(
            """
            INSERT INTO "Populations" ("AccountId", "Users") VALUES ($1, $2)
            ON CONFLICT ("AccountId") DO UPDATE SET "Users" = "Populations"."Users" + excluded."Users"
            """,
            account, by);

        public void InsertEvent(ProvisioningEvent e) => batch.Add(
            """
            INSERT INTO "ProvisioningEvents" ("AccountId", "Id", "Time", "CredentialSetId", "AdministratorId",
                "Administrator", "Operation", "UserId", "UserName", "UserNameKey", "Outcome", "Status", "ScimType",
                "Reason", "Changed", "NotApplied", "Habits", "RequestId", "SearchText", "Repeats")
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            """,
            e.AccountId, e.Id, e.Time, e.CredentialSetId, e.AdministratorId,
            e.Administrator, e.Operation, e.UserId, e.UserName, e.UserNameKey, e.Outcome, e.Status, e.ScimType,
            e.Reason, e.Changed, e.NotApplied, e.Habits, e.RequestId, e.SearchText, e.Repeats);
    }
}

/// <summary>A user who has a work e-mail, as <see cref="UserStatements.FindOwners"/> reads it.</summary>
internal readonly record struct EmailOwner(string EmailKey, Guid UserId, bool Active);
