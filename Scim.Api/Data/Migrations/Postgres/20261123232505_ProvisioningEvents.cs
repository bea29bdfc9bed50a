using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Scim.Api.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ProvisioningEvents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "ProvisioningEvents",
                columns: table => new
                {
                    AccountId = table.Column<Guid>(type: "uuid", nullable: false),
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Time = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "uuid", nullable: true),
                    AdministratorId = table.Column<Guid>(type: "uuid", nullable: true),
                    Administrator = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Operation = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    UserId = table.Column<Guid>(type: "uuid", nullable: true),
                    UserName = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    UserNameKey = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Outcome = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Status = table.Column<int>(type: "integer", nullable: false),
                    ScimType = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    Changed = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    Habits = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    RequestId = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    SearchText = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ProvisioningEvents", x => new { x.AccountId, x.Id });
                });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_Outcome_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "Outcome", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_UserId_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "UserId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_ProvisioningEvents_AccountId_UserNameKey_Id",
                table: "ProvisioningEvents",
                columns: new[] { "AccountId", "UserNameKey", "Id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ProvisioningEvents");
        }
    }
}
