using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Scim.Api.Data.Migrations.Sqlite
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
                    AccountId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Id = table.Column<Guid>(type: "TEXT", nullable: false),
                    Time = table.Column<DateTime>(type: "TEXT", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "TEXT", nullable: true),
                    AdministratorId = table.Column<Guid>(type: "TEXT", nullable: true),
                    Administrator = table.Column<string>(type: "TEXT", nullable: true),
                    Operation = table.Column<string>(type: "TEXT", nullable: false),
                    UserId = table.Column<Guid>(type: "TEXT", nullable: true),
                    UserName = table.Column<string>(type: "TEXT", nullable: true),
                    UserNameKey = table.Column<string>(type: "TEXT", nullable: false),
                    Outcome = table.Column<string>(type: "TEXT", nullable: false),
                    Status = table.Column<int>(type: "INTEGER", nullable: false),
                    ScimType = table.Column<string>(type: "TEXT", nullable: true),
                    Reason = table.Column<string>(type: "TEXT", nullable: true),
                    Changed = table.Column<string>(type: "TEXT", nullable: false),
                    Habits = table.Column<string>(type: "TEXT", nullable: false),
                    RequestId = table.Column<string>(type: "TEXT", nullable: true),
                    SearchText = table.Column<string>(type: "TEXT", nullable: false)
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
