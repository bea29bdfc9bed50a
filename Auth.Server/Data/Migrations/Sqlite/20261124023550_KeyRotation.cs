using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class KeyRotation : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "One_key_in_use",
                table: "Keys");

            migrationBuilder.RenameColumn(
                name: "RetiredAt",
                table: "Keys",
                newName: "WithdrawnAt");

            // With its reference at once: to add that later, SQLite would have to copy the whole table.
            migrationBuilder.Sql("""
                ALTER TABLE "OpenIddictTokens" ADD COLUMN "KeyId" TEXT NULL REFERENCES "Keys" ("Id")
                """);

            migrationBuilder.AddColumn<DateTime>(
                name: "ActiveFrom",
                table: "Keys",
                type: "TEXT",
                nullable: false,
                defaultValue: new DateTime(1, 1, 1, 0, 0, 0, 0, DateTimeKind.Unspecified));

            migrationBuilder.AddColumn<DateTime>(
                name: "ForgottenAt",
                table: "Keys",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Number",
                table: "Keys",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.Sql("""
                ALTER TABLE "CredentialSets" ADD COLUMN "KeyId" TEXT NULL REFERENCES "Keys" ("Id")
                """);

            migrationBuilder.CreateIndex(
                name: "IX_OpenIddictTokens_KeyId_ExpirationDate",
                table: "OpenIddictTokens",
                columns: new[] { "KeyId", "ExpirationDate" });

            migrationBuilder.CreateIndex(
                name: "IX_Keys_Use_Number",
                table: "Keys",
                columns: new[] { "Use", "Number" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_CredentialSets_KeyId",
                table: "CredentialSets",
                column: "KeyId");

            // Until now there was one key of each use, ever. What codes and refresh tokens were encrypted with is not
            // said: while they are alive, no key is thrown away.
            migrationBuilder.Sql("""
                UPDATE "Keys" SET "Number" = 1, "ActiveFrom" = "CreatedAt"
                """);
            migrationBuilder.Sql("""
                UPDATE "OpenIddictTokens" SET "KeyId" = (SELECT "Id" FROM "Keys" WHERE "Use" = 'Signing')
                WHERE "Type" = 'urn:ietf:params:oauth:token-type:access_token'
                """);
            migrationBuilder.Sql("""
                UPDATE "CredentialSets" SET "KeyId" = (SELECT "Id" FROM "Keys" WHERE "Use" = 'Signing')
                WHERE "Method" = 'direct_jwt'
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "FK_CredentialSets_Keys_KeyId",
                table: "CredentialSets");

            migrationBuilder.DropForeignKey(
                name: "FK_OpenIddictTokens_Keys_KeyId",
                table: "OpenIddictTokens");

            migrationBuilder.DropIndex(
                name: "IX_OpenIddictTokens_KeyId_ExpirationDate",
                table: "OpenIddictTokens");

            migrationBuilder.DropIndex(
                name: "IX_Keys_Use_Number",
                table: "Keys");

            migrationBuilder.DropIndex(
                name: "IX_CredentialSets_KeyId",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "KeyId",
                table: "OpenIddictTokens");

            migrationBuilder.DropColumn(
                name: "ActiveFrom",
                table: "Keys");

            migrationBuilder.DropColumn(
                name: "ForgottenAt",
                table: "Keys");

            migrationBuilder.DropColumn(
                name: "Number",
                table: "Keys");

            migrationBuilder.DropColumn(
                name: "KeyId",
                table: "CredentialSets");

            migrationBuilder.RenameColumn(
                name: "WithdrawnAt",
                table: "Keys",
                newName: "RetiredAt");

            migrationBuilder.CreateIndex(
                name: "One_key_in_use",
                table: "Keys",
                column: "Use",
                unique: true,
                filter: "\"RetiredAt\" IS NULL");
        }
    }
}
