using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class ManagementClients : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "Management_AccountId",
                table: "OpenIddictApplications",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "Management_CreatedAt",
                table: "OpenIddictApplications",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Management_CreatedBy",
                table: "OpenIddictApplications",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "Management_ReadOnly",
                table: "OpenIddictApplications",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "RememberedCalls",
                columns: table => new
                {
                    CallerId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Key = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Hash = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    At = table.Column<DateTime>(type: "TEXT", nullable: false),
                    Status = table.Column<int>(type: "INTEGER", nullable: false),
                    CredentialSetId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Event = table.Column<long>(type: "INTEGER", nullable: true),
                    ProtectedSecret = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_RememberedCalls", x => new { x.CallerId, x.Key });
                    table.ForeignKey(
                        name: "FK_RememberedCalls_CredentialSets_CredentialSetId",
                        column: x => x.CredentialSetId,
                        principalTable: "CredentialSets",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_RememberedCalls_OpenIddictApplications_CallerId",
                        column: x => x.CallerId,
                        principalTable: "OpenIddictApplications",
                        principalColumn: "Id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_RememberedCalls_At",
                table: "RememberedCalls",
                column: "At");

            migrationBuilder.CreateIndex(
                name: "IX_RememberedCalls_CredentialSetId",
                table: "RememberedCalls",
                column: "CredentialSetId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "RememberedCalls");

            migrationBuilder.DropColumn(
                name: "Management_AccountId",
                table: "OpenIddictApplications");

            migrationBuilder.DropColumn(
                name: "Management_CreatedAt",
                table: "OpenIddictApplications");

            migrationBuilder.DropColumn(
                name: "Management_CreatedBy",
                table: "OpenIddictApplications");

            migrationBuilder.DropColumn(
                name: "Management_ReadOnly",
                table: "OpenIddictApplications");
        }
    }
}
