using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class RateLimit : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "RateLimit",
                table: "Accounts",
                type: "integer",
                nullable: true);
            // Accounts from before get the default, not "no limit".
            migrationBuilder.Sql("UPDATE \"Accounts\" SET \"RateLimit\" = 100");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "RateLimit",
                table: "Accounts");
        }
    }
}
