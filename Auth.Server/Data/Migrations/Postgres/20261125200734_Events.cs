using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Auth.Server.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Events : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTime>(
                name: "ActivateBefore",
                table: "CredentialSets",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ActivatedBy",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Activation",
                table: "CredentialSets",
                type: "character varying(20)",
                maxLength: 20,
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "ActivationEvent",
                table: "CredentialSets",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "Confirmation",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "ConfirmedAt",
                table: "CredentialSets",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "FirstUsedAt",
                table: "CredentialSets",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LastRefusal_Address",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "LastRefusal_At",
                table: "CredentialSets",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LastRefusal_UserAgent",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LastUse_Address",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<DateTime>(
                name: "LastUse_At",
                table: "CredentialSets",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "LastUse_UserAgent",
                table: "CredentialSets",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "EventCounter",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false),
                    Last = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_EventCounter", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "Events",
                columns: table => new
                {
                    Number = table.Column<long>(type: "bigint", nullable: false),
                    Time = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    Type = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false),
                    AccountId = table.Column<Guid>(type: "uuid", nullable: true),
                    Generation = table.Column<long>(type: "bigint", nullable: true),
                    CredentialSetId = table.Column<Guid>(type: "uuid", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Events", x => x.Number);
                });

            migrationBuilder.CreateTable(
                name: "Nodes",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false),
                    Acknowledged = table.Column<long>(type: "bigint", nullable: true),
                    LastSeen = table.Column<DateTime>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Nodes", x => x.Id);
                });

            migrationBuilder.InsertData(
                table: "EventCounter",
                columns: new[] { "Id", "Last" },
                values: new object[] { 1, 0L });

            migrationBuilder.CreateIndex(
                name: "IX_Events_Time",
                table: "Events",
                column: "Time");

            // What is active already is known everywhere.
            migrationBuilder.Sql(
                """
                UPDATE "CredentialSets" SET "ActivatedBy" = "CreatedBy", "ConfirmedAt" = "ActivatedAt"
                WHERE "ActivatedAt" IS NOT NULL
                """);
            // Resource servers, which were registered before, may poll.
            migrationBuilder.Sql(
                """
                UPDATE "OpenIddictApplications" SET "Permissions" = REPLACE("Permissions", ']', ',"scp:events.poll"]')
                WHERE "CredentialSetId" IS NULL AND "Permissions" LIKE '%"scp:accounts.read"%'
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "EventCounter");

            migrationBuilder.DropTable(
                name: "Events");

            migrationBuilder.DropTable(
                name: "Nodes");

            migrationBuilder.DropColumn(
                name: "ActivateBefore",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "ActivatedBy",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "Activation",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "ActivationEvent",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "Confirmation",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "ConfirmedAt",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "FirstUsedAt",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastRefusal_Address",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastRefusal_At",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastRefusal_UserAgent",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastUse_Address",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastUse_At",
                table: "CredentialSets");

            migrationBuilder.DropColumn(
                name: "LastUse_UserAgent",
                table: "CredentialSets");
        }
    }
}
