using System.Data.Common;
using System.Text.Json;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Connect;

/// <summary>
/// The statement of <see cref="TokenLookup"/>, and the reader of its rows, which refers to columns by name.
/// </summary>
internal static class TokenRow
{
    /// <summary>Selects the token with the id <c>@id</c>, and the last contact of the node <c>@node</c>.</summary>
    public static string Statement { get; } =
        $"""
        SELECT {string.Join(", ", Enum.GetValues<Column>().Select(SourceOf))}
        FROM "OpenIddictTokens" t
        LEFT JOIN "Keys" k ON k."Id" = t."KeyId"
        LEFT JOIN "OpenIddictAuthorizations" g ON g."Id" = t."AuthorizationId"
        LEFT JOIN "CredentialSets" s ON s."Id" = t."CredentialSetId"
        LEFT JOIN "Sessions" n ON n."Id" = t."SessionId"
        LEFT JOIN "AspNetUsers" d ON d."Id" = n."AdministratorId"
        LEFT JOIN "Accounts" a ON a."Id" = COALESCE(s."AccountId", n."AccountId")
        LEFT JOIN "AccountLicence" l ON l."AccountId" = a."Id"
        WHERE t."Id" = @id
        """;

    /// <summary>Reads the rows of a token: there is one for each licence of its account.</summary>
    public static async Task<KnownToken> Read(DbDataReader reader, CancellationToken cancellation)
    {
        var row = new Row(reader);
        var token = new KnownToken
        {
            Type = row.Text(Column.Type),
            Status = row.Text(Column.Status),
            ExpiresAt = row.Time(Column.ExpirationDate),
            KeyId = row.Text(Column.KeyId),
            KeyWithdrawn = row.Has(Column.KeyWithdrawnAt),
            GrantStatus = row.Text(Column.GrantStatus),
            GrantReplaced = row.Has(Column.GrantReplacedAt),
            SubjectTokenId = row.Has(Column.SubjectTokenId) ? row.Id(Column.SubjectTokenId) : null,
            NodeLastSeen = row.Time(Column.NodeLastSeen),
            CredentialSet = !row.Has(Column.SetId) ? null : new(
                row.Id(Column.SetId),
                Enum.Parse<CredentialSetState>(row.Text(Column.SetState)!),
                row.Time(Column.SetExpiresAt),
                row.Has(Column.SetGeneration) ? row.LongNumber(Column.SetGeneration) : null,
                row.Text(Column.SetMethod)!,
                row.Text(Column.SetActivation) is { } activation ? Enum.Parse<Activation>(activation) : null,
                row.Time(Column.SetActivateBefore),
                row.Has(Column.SetConfirmedAt)),
            Session = !row.Has(Column.SessionId) ? null : new(
                row.Id(Column.SessionId),
                row.Has(Column.SessionEndedAt),
                row.Time(Column.SessionExpiresAt)!.Value,
                row.Id(Column.AdministratorId),
                row.Text(Column.AdministratorEmail)!,
                row.Flag(Column.AdministratorReadOnly)),
            Account = row.Has(Column.AccountId) ? ReadAccount(row) : null,
        };
        if (token.Account is null || !row.Has(Column.Product))
            return token;

        var licences = new List<AccountPolicy.Licence>();
        do
        {
            licences.Add(new()
            {
                Product = row.Text(Column.Product)!,
                Seats = row.Number(Column.Seats),
                GivenToNewUsers = row.Flag(Column.GivenToNewUsers),
            });
        }
        while (await reader.ReadAsync(cancellation));
        return token with
        {
            Account = token.Account with
            {
                Licences = [.. licences.OrderBy(licence => licence.Product, StringComparer.Ordinal)],
            },
        };
    }

    /// <summary>The columns of the statement, in this order.</summary>
    private enum Column
    {
        Type,
        Status,
        ExpirationDate,
        KeyId,
        KeyWithdrawnAt,
        GrantStatus,
        GrantReplacedAt,
        SubjectTokenId,
        NodeLastSeen,
        SetId,
        SetState,
        SetExpiresAt,
        SetGeneration,
        SetMethod,
        SetActivation,
        SetActivateBefore,
        SetConfirmedAt,
        SessionId,
        SessionEndedAt,
        SessionExpiresAt,
        AdministratorId,
        AdministratorEmail,
        AdministratorReadOnly,
        AccountId,
        AccountName,
        ScimEnabled,
        Suspended,
        AttributeRules,
        RateLimit,
        RestoreInactive,
        OmitPagination,
        Domains,
        Product,
        Seats,
        GivenToNewUsers,
    }

    private static string SourceOf(Column column) => column switch
    {
        Column.Type => "t.\"Type\"",
        Column.Status => "t.\"Status\"",
        Column.ExpirationDate => "t.\"ExpirationDate\"",
        Column.KeyId => "t.\"KeyId\"",
        Column.KeyWithdrawnAt => "k.\"WithdrawnAt\"",
        Column.GrantStatus => "g.\"Status\"",
        Column.GrantReplacedAt => "g.\"ReplacedAt\"",
        Column.SubjectTokenId => "t.\"SubjectTokenId\"",
        Column.NodeLastSeen =>
            "(SELECT w.\"LastSeen\" FROM \"Nodes\" w WHERE w.\"Id\" = @node AND w.\"Retirement\" IS NULL)",
        Column.SetId => "s.\"Id\"",
        Column.SetState => "s.\"State\"",
        Column.SetExpiresAt => "s.\"ExpiresAt\"",
        Column.SetGeneration => "s.\"Generation\"",
        Column.SetMethod => "s.\"Method\"",
        Column.SetActivation => "s.\"Activation\"",
        Column.SetActivateBefore => "s.\"ActivateBefore\"",
        Column.SetConfirmedAt => "s.\"ConfirmedAt\"",
        Column.SessionId => "n.\"Id\"",
        Column.SessionEndedAt => "n.\"EndedAt\"",
        Column.SessionExpiresAt => "n.\"ExpiresAt\"",
        Column.AdministratorId => "d.\"Id\"",
        Column.AdministratorEmail => "d.\"Email\"",
        Column.AdministratorReadOnly => "d.\"ReadOnly\"",
        Column.AccountId => "a.\"Id\"",
        Column.AccountName => "a.\"Name\"",
        Column.Product or Column.Seats or Column.GivenToNewUsers => $"l.\"{column}\"",
        _ => $"a.\"{column}\"",
    };

    private static AccountPolicy ReadAccount(Row row) => new()
    {
        Id = row.Id(Column.AccountId),
        Name = row.Text(Column.AccountName)!,
        ScimEnabled = row.Flag(Column.ScimEnabled),
        Suspended = row.Flag(Column.Suspended),
        AttributeRules = row.Text(Column.AttributeRules)!,
        RateLimit = row.Has(Column.RateLimit) ? row.Number(Column.RateLimit) : null,
        RestoreInactive = row.Flag(Column.RestoreInactive),
        OmitPagination = row.Flag(Column.OmitPagination),
        // An array on PostgreSQL, JSON on SQLite.
        Domains = row.Value(Column.Domains) switch
        {
            string[] domains => domains,
            string json => JsonSerializer.Deserialize<string[]>(json)!,
            var other => throw new InvalidOperationException($"Domains are {other.GetType()}."),
        },
        Licences = [],
    };

    /// <summary>The current row of a reader, by column.</summary>
    private readonly record struct Row(DbDataReader Reader)
    {
        public bool Has(Column column) => !Reader.IsDBNull((int)column);

        public string? Text(Column column) => Has(column) ? Reader.GetString((int)column) : null;

        public Guid Id(Column column) => Reader.GetGuid((int)column);

        public int Number(Column column) => Reader.GetInt32((int)column);

        public long LongNumber(Column column) => Reader.GetInt64((int)column);

        public bool Flag(Column column) => Reader.GetBoolean((int)column);

        public object Value(Column column) => Reader.GetValue((int)column);

        public DateTime? Time(Column column) =>
            Has(column) ? DateTime.SpecifyKind(Reader.GetDateTime((int)column), DateTimeKind.Utc) : null;
    }
}
