using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Admission;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting;

namespace Scim.Api.Users;

/// <summary>
/// <c>Scim.Api users import FILE.csv --account ID</c>: creates users from a file, under the usual rules. Each row is a
/// write of its own, so that valid rows are imported even if others are refused, and the import can be repeated.
/// </summary>
internal static class UserImport
{
    private static readonly string[] Columns = ["email", "firstName", "lastName", "displayName", "externalId"];

    public static Command Command(Func<Task<IServiceProvider>> server)
    {
        var file = new Argument<FileInfo>("FILE")
        {
            Description = $"A CSV file with a header row: {string.Join(',', Columns)}.",
        };
        var account = new Option<Guid>("--account") { Description = "The account's id.", Required = true };
        var command = new Command("import", "Creates users from a CSV file. Existing users are not changed.")
        {
            file,
            account,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var services = await server();
            var rows = Read(parsed.GetRequiredValue(file));
            var policy = await services.GetRequiredService<AuthServerClient>()
                .GetAccount(parsed.GetRequiredValue(account), cancellation);
            var caller = new Caller(policy, CredentialSet: null, Administrator: null, ImmutableHashSet<string>.Empty);
            var summary = await Import(services, caller, rows, cancellation);
            foreach (var (line, reason) in summary.Refused)
                Console.WriteLine($"line {line}: {reason}");
            Console.WriteLine(summary);
            return summary.Refused.Count == 0 ? 0 : 1;
        });
        return command;
    }

    public static async Task<Summary> Import(
        IServiceProvider services, Caller caller, IReadOnlyList<Row> rows, CancellationToken cancellation)
    {
        var summary = new Summary();
        foreach (var row in rows)
        {
            await using var scope = services.CreateAsyncScope();
            var attempt = new Attempt(caller, ProvisioningOperations.Create, requestId: null);
            try
            {
                var attributes = PortalApi.Attributes(row.Person, row.ExternalId);
                var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
                if (await db.Exists(caller.AccountId, UserDocument.UserName(attributes)!, cancellation))
                {
                    summary.AlreadyExisting++;
                    continue;
                }
                attempt.SetSubject(attributes);
                await scope.ServiceProvider.GetRequiredService<UserWrites>().Create(attempt, attributes, cancellation);
                summary.Created++;
            }
            catch (ScimException refused)
            {
                summary.Refused.Add((row.Line, refused.Error.Detail));
                await services.GetRequiredService<ProvisioningLog>().Refuse(attempt, refused.Error);
            }
        }
        return summary;
    }

    public static IReadOnlyList<Row> Read(FileInfo file)
    {
        if (!file.Exists)
            throw new OperatorException($"The file {file.FullName} does not exist.");
        // A file in the code page of some country would create users with wrong names.
        using var reader = new StreamReader(file.FullName, new UTF8Encoding(false, throwOnInvalidBytes: true));
        try
        {
            return Read(reader);
        }
        catch (DecoderFallbackException)
        {
            throw new OperatorException($"{file.FullName} is not UTF-8; nothing was imported. Save it as CSV UTF-8.");
        }
    }

    public static IReadOnlyList<Row> Read(TextReader text)
    {
        using var csv = new CsvReader(text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            // The separator of spreadsheets depends on their language.
            DetectDelimiter = true,
            DetectDelimiterValues = [",", ";", "\t"],
            PrepareHeaderForMatch = header => header.Header.Trim().ToUpperInvariant(),
            MissingFieldFound = null,
            TrimOptions = TrimOptions.Trim,
        });
        try
        {
            if (!csv.Read() || !csv.ReadHeader()
                || !csv.HeaderRecord!.Contains(Columns[0], StringComparer.OrdinalIgnoreCase))
                throw new OperatorException(
                    $"The file needs a header row with the column email: {string.Join(',', Columns)}.");
            var rows = new List<Row>();
            while (csv.Read())
                rows.Add(ReadRow(csv));
            return rows;
        }
        catch (CsvHelperException wrong)
        {
            throw new OperatorException(
                $"Line {wrong.Context?.Parser?.RawRow} of the file is not valid CSV; nothing was imported.");
        }
    }

    private static Row ReadRow(CsvReader csv)
    {
        string? Field(string column) => csv.GetField(column) is { Length: > 0 } text ? text : null;
        return new Row(
            csv.Parser.RawRow,
            new NewPortalUser
            {
                Email = Field("email") ?? "",
                FirstName = Field("firstName"),
                LastName = Field("lastName"),
                DisplayName = Field("displayName"),
            },
            Field("externalId"));
    }

    private static Task<bool> Exists(
        this ScimDbContext db, Guid accountId, string userName, CancellationToken cancellation)
    {
        var key = CaseFolding.Fold(userName);
        return db.UsersOf(accountId).AnyAsync(user => user.UserNameKey == key, cancellation);
    }

    /// <summary>A row of the file, and the number of its last line.</summary>
    internal sealed record Row(int Line, NewPortalUser Person, string? ExternalId);

    /// <summary>The result of an import.</summary>
    internal sealed class Summary
    {
        public int Created { get; set; }

        public int AlreadyExisting { get; set; }

        public List<(int Line, string Reason)> Refused { get; } = [];

        public override string ToString() =>
            $"{Created} created, {AlreadyExisting} already existed, {Refused.Count} refused";
    }
}
