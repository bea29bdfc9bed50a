using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class RefreshTokenSuccessors : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "SubjectTokenId",
                table: "OpenIddictTokens",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "SuccessorId",
                table: "OpenIddictTokens",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "Uses",
                table: "OpenIddictTokens",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            // Refresh tokens had no end of their own; those that exist count as used now.
            migrationBuilder.Sql("""
                UPDATE "OpenIddictTokens" SET "ExpirationDate" = strftime('%Y-%m-%d %H:%M:%S', 'now', '+365 days')
                WHERE "Type" = 'urn:ietf:params:oauth:token-type:refresh_token' AND "ExpirationDate" IS NULL
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "SubjectTokenId",
                table: "OpenIddictTokens");

            migrationBuilder.DropColumn(
                name: "SuccessorId",
                table: "OpenIddictTokens");

            migrationBuilder.DropColumn(
                name: "Uses",
                table: "OpenIddictTokens");
        }
    }
}
