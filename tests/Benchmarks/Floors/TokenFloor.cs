using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Benchmarks.Tokens;
using Microsoft.Data.Sqlite;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using Scim.Api.Data;
using Shared.Contracts;

namespace Benchmarks.Floors;

/// <summary>
/// The floor of Auth.Server: the least code that introspects and issues tokens, with a hashed secret, one
/// signature and one prepared statement; for a new token, a second one that writes its row.
/// </summary>
internal sealed class TokenFloor
{
    private const string Introspection =
        """
        SELECT t."Status", t."ExpirationDate", s."State", s."Id", s."Generation", s."Method",
            a."Id", a."Name", a."ScimEnabled", a."AttributeRules", a."RateLimit", l."Product", l."Seats"
        FROM "OpenIddictTokens" t
        JOIN "CredentialSets" s ON s."Id" = t."CredentialSetId"
        JOIN "Accounts" a ON a."Id" = s."AccountId"
        LEFT JOIN "AccountLicence" l ON l."AccountId" = a."Id"
        WHERE t."Id" = @p0
        """;

    private const string Client =
        """
        SELECT c."ClientSecret", s."State", s."Id", s."AccountId", c."Id" FROM "OpenIddictApplications" c
        JOIN "CredentialSets" s ON s."Id" = c."CredentialSetId" WHERE c."ClientId" = @p0
        """;

    private const string Insert =
        """
        INSERT INTO "OpenIddictTokens"
            ("Id", "ApplicationId", "ConcurrencyToken", "CreationDate", "ExpirationDate", "Status", "Subject", "Type",
                "CredentialSetId")
        VALUES (@p0, @p1, 'x', @p2, @p3, 'valid', @p4, 'urn:ietf:params:oauth:token-type:access_token', @p5)
        """;

    /// <summary>The setting with the folder of <see cref="IssuedTokens"/>.</summary>
    public const string FolderSetting = "Folder";

    private readonly string connection;
    private readonly ConcurrentDictionary<string, ConcurrentBag<DbCommand>> idle = new();
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private readonly TokenValidationParameters parameters;
    private readonly SigningCredentials signing;
    private readonly byte[] introspectionSecret = SHA256.HashData("secret"u8);

    private TokenFloor(string connection, string folder)
    {
        this.connection = connection;
        using var key = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, IssuedTokens.KeyFile)));
        var published = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new()
            {
                X = key.RootElement.GetProperty("x").GetBytesFromBase64(),
                Y = key.RootElement.GetProperty("y").GetBytesFromBase64(),
            },
        });
        parameters = new()
        {
            IssuerSigningKey = new ECDsaSecurityKey(published),
            ValidIssuer = IssuedTokens.PublicUrl,
            ValidAudience = Audiences.Scim,
            ValidTypes = ["at+jwt"],
        };
        signing = new(
            new ECDsaSecurityKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "k" },
            SecurityAlgorithms.EcdsaSha256);
    }

    public static void Map(WebApplication app)
    {
        var floor = new TokenFloor(
            app.Configuration.GetConnectionString("Auth")!, app.Configuration[FolderSetting]!);
        app.MapPost(AuthServerPaths.Introspection, floor.Introspect);
        app.MapPost(AuthServerPaths.Token, floor.Issue);
    }

    private async Task Introspect(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        var isClient = CryptographicOperations.FixedTimeEquals(
            introspectionSecret, SHA256.HashData(Encoding.UTF8.GetBytes(form["client_secret"].ToString())));
        var token = await handler.ValidateTokenAsync(form["token"], parameters);
        if (!isClient || !token.IsValid)
        {
            await http.Response.WriteAsync("{\"active\":false}");
            return;
        }

        var found = await Query(Introspection, row => (
            Live: row.GetString(0) == "valid" && row.GetDateTime(1) > DateTime.UtcNow && row.GetString(2) == "Active",
            Answer: Answer(row, (JsonWebToken)token.SecurityToken)), Guid.Parse((string)token.Claims["oi_tkn_id"]));
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(found.Live ? found.Answer : "{\"active\":false}"u8.ToArray());
    }

    private static byte[] Answer(DbDataReader row, JsonWebToken token) =>
        JsonSerializer.SerializeToUtf8Bytes(new TokenIntrospection
    {
        Active = true,
        Scope = Scopes.Scim,
        ExpiresIn = (long)(token.ValidTo - DateTime.UtcNow).TotalSeconds,
        CredentialSet = new() { Id = row.GetGuid(3), Generation = row.GetInt64(4), Method = row.GetString(5) },
        Account = new()
        {
            Id = row.GetGuid(6),
            Name = row.GetString(7),
            ScimEnabled = row.GetBoolean(8),
            AttributeRules = row.GetString(9),
            RateLimit = row.IsDBNull(10) ? null : row.GetInt32(10),
            Domains = [],
            Licences = [new() { Product = row.GetString(11), Seats = row.GetInt32(12), GivenToNewUsers = true }],
        },
    });

    private async Task Issue(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        var client = await Query(
            Client, row => (row.GetString(0), row.GetString(1), row.GetGuid(2), row.GetGuid(3), row.GetGuid(4)),
            form["client_id"].ToString());
        var hash = "sha256."
            + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(form["client_secret"].ToString())));
        var (secret, state, set, account, application) = client;
        if (!CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(secret), Encoding.ASCII.GetBytes(hash))
            || state != "Active")
        {
            http.Response.StatusCode = 401;
            return;
        }

        var (id, now) = (Guid.CreateVersion7(), DateTime.UtcNow);
        var token = handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = IssuedTokens.PublicUrl,
            Audience = Audiences.Scim,
            IssuedAt = now,
            Expires = now.AddHours(1),
            Claims = new Dictionary<string, object>
            {
                ["sub"] = account.ToString(), ["scope"] = Scopes.Scim, ["jti"] = Guid.NewGuid().ToString(),
                ["oi_tkn_id"] = id.ToString(),
            },
            SigningCredentials = signing,
        });
        await Query(Insert, _ => 0, id, application, now, now.AddHours(1), account.ToString(), set);
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"access_token":"{{token}}","token_type":"Bearer","expires_in":3600,"scope":"scim"}"""));
    }

    /// <summary>Runs a prepared statement and reads its first row, if it has one.</summary>
    private async Task<T?> Query<T>(string statement, Func<DbDataReader, T> read, params object[] values)
    {
        var commands = idle.GetOrAdd(statement, _ => []);
        if (!commands.TryTake(out var command))
            command = await Prepare(statement, values);
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i];
        T? result = default;
        await using (var reader = await command.ExecuteReaderAsync())
        {
            if (await reader.ReadAsync())
                result = read(reader);
        }
        commands.Add(command);
        return result;
    }

    private async Task<DbCommand> Prepare(string statement, object[] values)
    {
        var isPostgres = new DatabaseOptions { Scim = connection }.IsPostgres;
        DbConnection opened = isPostgres ? new NpgsqlConnection(connection) : new SqliteConnection(connection);
        await opened.OpenAsync();
        if (!isPostgres)
        {
            await using var settings = opened.CreateCommand();
            settings.CommandText = "PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;";
            await settings.ExecuteNonQueryAsync();
        }
        var command = opened.CreateCommand();
        command.CommandText = statement;
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"@p{i}", values[i]);
            parameter.DbType =
                values[i] switch { Guid => DbType.Guid, DateTime => DbType.DateTime, _ => DbType.String };
            command.Parameters.Add(parameter);
        }
        await command.PrepareAsync();
        return command;
    }
}
