using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Scim.Api.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Search : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Search",
                table: "Users",
                type: "TEXT",
                nullable: false,
                defaultValue: "{}");

            migrationBuilder.AddColumn<int>(
                name: "SearchVersion",
                table: "Users",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_LastModified",
                table: "Users",
                columns: new[] { "AccountId", "LastModified" },
                filter: "\"DeletedAt\" IS NULL");

            migrationBuilder.CreateIndex(
                name: "IX_Users_AccountId_SearchVersion",
                table: "Users",
                columns: new[] { "AccountId", "SearchVersion" },
                filter: "\"DeletedAt\" IS NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Users_AccountId_LastModified",
                table: "Users");

            migrationBuilder.DropIndex(
                name: "IX_Users_AccountId_SearchVersion",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "Search",
                table: "Users");

            migrationBuilder.DropColumn(
                name: "SearchVersion",
                table: "Users");
        }
    }
}
