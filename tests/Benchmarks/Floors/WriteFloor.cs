using Scim.Api.Data;
using Scim.Api.Users;

namespace Benchmarks.Floors;

/// <summary>
/// The floor of writing users: the rows that the product writes, in one prepared batch and one transaction, which locks
/// the row of the account's counters first. The values are those of one seeded user, in which only the number differs,
/// so that nothing is parsed or folded. Nothing is checked either, except by the unique indexes.
/// </summary>
internal sealed class WriteFloor
{
    // In each statement, $1 is the account and $2 the user.
    private const string AddUser =
        """UPDATE "Populations" SET "Users" = "Users" + 1 WHERE "AccountId" = $1""";

    private const string LockAccount =
        """UPDATE "Populations" SET "Users" = "Users" WHERE "AccountId" = $1""";

    private const string InsertEmails =
        """
        INSERT INTO "UserEmails" ("AccountId", "UserId", "ValueKey", "TypeKey", "Claimed")
        VALUES ($1, $2, $3, 'work', TRUE), ($1, $2, $4, 'home', FALSE)
        """;

    // A user may have a seat already: the load generator does not wait for its last requests.
    private const string InsertSeat =
        """INSERT INTO "Seats" ("AccountId", "UserId", "Product") VALUES ($1, $2, 'portal') ON CONFLICT DO NOTHING""";

    private const string DeleteSeat =
        """DELETE FROM "Seats" WHERE "AccountId" = $1 AND "UserId" = $2 AND "Product" = 'portal'""";

    private const string CountSeats =
        """UPDATE "SeatCounts" SET "Used" = "Used" + $2 WHERE "AccountId" = $1 AND "Product" = 'portal'""";

    private const string InsertEvent =
        """
        INSERT INTO "ProvisioningEvents" ("AccountId", "UserId", "Id", "Time", "CredentialSetId", "Operation",
            "UserName", "UserNameKey", "Outcome", "Status", "Changed", "NotApplied", "Habits", "RequestId",
            "SearchText", "Repeats")
        VALUES ($1, $2, $3, $4, $3, $5, $6, $7, $8, $9, $10, '', '', $11, $12, 0)
        """;

    private const string AllAttributes =
        "userName externalId name.givenName name.familyName displayName title preferredLanguage locale timezone emails "
        + "phoneNumbers addresses active urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber "
        + "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter";

    private const int TemplateNumber = 987654321;
    private readonly User template = SeededUsers.Create(Guid.Empty, TemplateNumber);

    private readonly PreparedBatch create;
    private readonly PreparedBatch deactivate;
    private readonly PreparedBatch reactivate;
    // Larger than the numbers of seeded users.
    private int created = 600_000_000;

    /// <param name="connection">The connection string of the database.</param>
    public WriteFloor(string connection)
    {
        var isPostgres = new DatabaseOptions { Scim = connection }.IsPostgres;
        create = new(
            connection,
            writes: true,
            AddUser,
            InsertUser(isPostgres),
            InsertEmails,
            InsertSeat,
            CountSeats,
            InsertEvent);
        deactivate = new(
            connection, writes: true, LockAccount, UpdateUser(isPostgres, active: false), DeleteSeat, CountSeats,
            InsertEvent);
        reactivate = new(
            connection, writes: true, LockAccount, UpdateUser(isPostgres, active: true), InsertSeat, CountSeats,
            InsertEvent);
    }

    public async Task Create(Guid account, HttpContext http)
    {
        await http.Request.Body.CopyToAsync(Stream.Null);
        var number = SeededUsers.Digits(Interlocked.Increment(ref created));
        var (id, now) = (Guid.CreateVersion7(), DateTime.UtcNow);
        var document = Numbered(template.Document, number).Replace(
            template.Id.ToString(), id.ToString(), StringComparison.Ordinal);
        var (userName, key) = (Numbered(template.UserName, number), Numbered(template.UserNameKey, number));
        await create.Run(
        [
            [account],
            [
                account, id, userName, key, Numbered(template.ExternalId!, number), document,
                Numbered(template.Search, number), template.SearchVersion, Numbered(template.SearchText, number), now,
            ],
            [account, id, key, $"lee{number}@home.example"],
            [account, id],
            [account, 1],
            Event(account, id, now, "create", userName, key, "created", 201, AllAttributes, http.TraceIdentifier),
        ]);
        http.Response.StatusCode = StatusCodes.Status201Created;
        http.Response.ContentType = "application/scim+json";
        await http.Response.WriteAsync(document);
    }

    /// <summary>Deactivates or reactivates a user, who must be in the other state.</summary>
    public async Task Patch(Guid account, Guid id, HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var isActive = !(await reader.ReadToEndAsync()).Contains("false", StringComparison.Ordinal);
        var (now, document) = (DateTime.UtcNow, Array.Empty<byte>());
        await (isActive ? reactivate : deactivate).Run(
            [
                [account],
                [account, id, now],
                [account, id],
                [account, isActive ? 1 : -1],
                Event(
                    account, id, now, "patch", template.UserName, template.UserNameKey,
                    isActive ? "reactivated" : "deactivated", 200, "active", http.TraceIdentifier),
            ],
            row => document = row.GetFieldValue<byte[]>(0));
        http.Response.StatusCode =
            document.Length > 0 ? StatusCodes.Status200OK : StatusCodes.Status404NotFound;
        http.Response.ContentType = "application/scim+json";
        await http.Response.Body.WriteAsync(document);
    }

    private static string Numbered(string text, string number) =>
        text.Replace("987654321", number, StringComparison.Ordinal);

    private static string InsertUser(bool isPostgres) =>
        $"""
        INSERT INTO "Users" ("AccountId", "Id", "UserName", "UserNameKey", "ExternalId", "Active", "HasSetDisplayName",
            "HasSetWorkEmail", "Source", "Document", "Search", "SearchVersion", "SearchText", "Version", "Created",
            "LastModified", "ActiveSetByHand")
        VALUES ($1, $2, $3, $4, $5, TRUE, TRUE, TRUE, 'scim', $6, {(isPostgres ? "CAST($7 AS jsonb)" : "$7")}, $8, $9,
            1, $10, $10, FALSE)
        """;

    private static string UpdateUser(bool isPostgres, bool active)
    {
        var (before, after) = active ? ("false", "true") : ("true", "false");
        var search = isPostgres
            ? $$"""jsonb_set("Search", '{active}', '{{after}}')"""
            : $"""replace("Search", '"active":{before}', '"active":{after}')""";
        return $"""
            UPDATE "Users" SET "Document" = replace("Document", '"active":{before}', '"active":{after}'),
                "Search" = {search}, "Active" = {after}, "Version" = "Version" + 1, "LastModified" = $3
            WHERE "AccountId" = $1 AND "Id" = $2 RETURNING "Document"
            """;
    }

    private static object[] Event(
        Guid account, Guid user, DateTime now, string operation, string userName, string key, string outcome,
        int status, string changed, string request) =>
    [
        account, user, Guid.CreateVersion7(), now, operation, userName, key, outcome, status, changed, request,
        $"{key}\n\n{user}\n\n{request}",
    ];
}
