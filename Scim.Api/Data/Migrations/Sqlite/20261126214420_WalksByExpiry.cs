using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Scim.Api.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class WalksByExpiry : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateIndex(
                name: "IX_Walks_AccountId_ExpiresAt",
                table: "Walks",
                columns: new[] { "AccountId", "ExpiresAt" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Walks_AccountId_ExpiresAt",
                table: "Walks");
        }
    }
}
