using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using SciLeads.Tests;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Tests.Data;

/// <summary>Migrations that change rows, not only tables.</summary>
public sealed class MigrationTests
{
    [Test]
    public async Task The_key_before_keys_rotated_is_the_first_and_signed_all_tokens_that_there_are()
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.db");
        await using var db = Open(file);
        await db.GetService<IMigrator>().MigrateAsync("RestoreInactive");
        var (created, id) = (new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc), Guid.NewGuid());
        var (signing, encryption) = (nameof(KeyUse.Signing), nameof(KeyUse.Encryption));
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Keys" ("Id", "Use", "ProtectedKey", "CreatedAt")
            VALUES ('sign', {signing}, {new byte[1]}, {created}), ('encrypt', {encryption}, {new byte[1]}, {created})
            """);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Accounts" ("Id", "Name", "ScimEnabled", "Suspended", "AttributeRules", "Domains", "PolicyVersion",
                "LastGeneration", "CreatedAt", "RestoreInactive")
            VALUES ({id}, 'Demo', {true}, {false}, 'guide', {Array.Empty<string>()}, 1, 1, {created}, {false})
            """);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "CredentialSets" ("Id", "AccountId", "Method", "State", "LastFour", "CreatedAt", "CreatedBy")
            VALUES ({id}, {id}, {CredentialMethods.DirectJwt}, {nameof(CredentialSetState.Active)}, '', {created}, '')
            """);
        foreach (var type in new[] { TokenTypeIdentifiers.AccessToken, TokenTypeIdentifiers.RefreshToken })
            await db.Database.ExecuteSqlAsync($"""INSERT INTO "OpenIddictTokens" ("Id", "Type") VALUES ({Guid.NewGuid()}, {type})""");

        await db.Database.MigrateAsync();

        var keys = await db.Keys.ToListAsync();
        Assert.That(keys.Select(key => (key.Number, key.ActiveFrom)), Is.All.EqualTo((1, created)));
        Assert.That(await db.CredentialSets.Select(set => set.KeyId).SingleAsync(), Is.EqualTo("sign"));
        Assert.That(
            await db.Tokens.ToDictionaryAsync(token => token.Type!, token => token.KeyId),
            Is.EquivalentTo(new Dictionary<string, string?>
            {
                [TokenTypeIdentifiers.AccessToken] = "sign",
                [TokenTypeIdentifiers.RefreshToken] = null,
            }));
        await db.Database.EnsureDeletedAsync();
    }

    private static AuthDbContext Open(string file)
    {
        if (TestPostgres.IsWanted)
        {
            var postgres = new DbContextOptionsBuilder<PostgresAuthDbContext>();
            postgres.UsePostgres(TestPostgres.NewDatabase());
            return new PostgresAuthDbContext(postgres.Options);
        }

        var sqlite = new DbContextOptionsBuilder<SqliteAuthDbContext>();
        sqlite.UseSqliteFile($"Data Source={file}");
        return new SqliteAuthDbContext(sqlite.Options);
    }
}
