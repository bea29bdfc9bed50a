using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Families : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "AllowedBy",
                table: "OpenIddictAuthorizations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "ReplacedAt",
                table: "OpenIddictAuthorizations",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "UsedAssertions",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", nullable: false),
                    ExpiresAt = table.Column<DateTime>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_UsedAssertions", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_OpenIddictAuthorizations_CredentialSetId",
                table: "OpenIddictAuthorizations",
                column: "CredentialSetId");

            migrationBuilder.CreateIndex(
                name: "IX_UsedAssertions_ExpiresAt",
                table: "UsedAssertions",
                column: "ExpiresAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "UsedAssertions");

            migrationBuilder.DropIndex(
                name: "IX_OpenIddictAuthorizations_CredentialSetId",
                table: "OpenIddictAuthorizations");

            migrationBuilder.DropColumn(
                name: "AllowedBy",
                table: "OpenIddictAuthorizations");

            migrationBuilder.DropColumn(
                name: "ReplacedAt",
                table: "OpenIddictAuthorizations");
        }
    }
}
