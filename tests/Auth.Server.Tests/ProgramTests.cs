using System.CommandLine;
using System.Net.Sockets;
using Auth.Server.Data;
using Auth.Server.Management;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SciLeads.Tests;

namespace Auth.Server.Tests;

/// <summary>The program as an operator sees it: help, invalid settings, commands beside a running server.</summary>
[Category("Slow")]
public sealed class ProgramTests
{
    private const string Name = "Auth.Server";

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("accounts", "create", "--help")]
    [TestCase("--json", "database", "migrate", "--help")]
    [TestCase("--Urls=http://127.0.0.1:0", "--help")]
    [Category("AnyDatabase")]
    public async Task Help_needs_no_settings(params string[] arguments)
    {
        var run = await ProgramRun.Of(Name, [], arguments);
        Assert.That(run.Output, Does.Contain("Usage:"), run.Error);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
    }

    [Test]
    [Category("AnyDatabase")]
    public async Task The_version_needs_no_settings()
    {
        var run = await ProgramRun.Of(Name, [], "--version");
        Assert.That(run.Output, Does.Match(@"^\d+\.\d+\.\d+"), run.Error);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
    }

    [TestCaseSource(nameof(AllCommands))]
    [Category("AnyDatabase")]
    public void The_help_of_a_command_needs_no_server(string command)
    {
        string[] words = [.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"];
        Assert.That(Commands.IsCommand(words));
        Assert.That(Commands.Parse(words).NeedsServer, Is.False);
    }

    [TestCase("accounts")]
    [TestCase("acounts list")]
    [TestCase("accounts create")]
    [TestCase("accounts update --account nobody")]
    [TestCase("database migrate --what")]
    [Category("AnyDatabase")]
    public void A_mistyped_command_needs_no_server(string command) =>
        Assert.That(Commands.Parse(command.Split(' ')).NeedsServer, Is.False);

    [TestCase("database migrate", true)]
    [TestCase("--json database migrate", true)]
    [TestCase("database migrate --json", true)]
    [TestCase("accounts list", false)]
    public void The_migrate_command_is_recognised_wherever_its_options_are(string command, bool migrates)
    {
        var words = command.Split(' ');
        Assert.That(Commands.IsCommand(words));
        Assert.That(Commands.Parse(words).Migrates, Is.EqualTo(migrates));
    }

    [TestCase]
    [TestCase("accounts", "list")]
    [TestCase("database", "migrate")]
    [Category("AnyDatabase")]
    public async Task All_invalid_settings_are_reported_together(params string[] arguments)
    {
        var run = await ProgramRun.Of(
            Name,
            [
                "Auth__AccessTokenLifetime=soon", "Auth__MigrateAtStart=perhaps", "Auth__KnownProxies__0=proxy",
                "Auth__PlainHttpFrom=10.0.0.0/8", "Auth__Keys__RotateEvery=never", "Auth__Limits__FailuresPerClient=0",
                "Auth__ScimApiUrl=127.0.0.1", "Urls=5001",
            ],
            arguments);
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Not.Contain("   at "), "there is no stack trace");
        Assert.That(
            run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Is.EquivalentTo(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct()));
        foreach (var sentence in new[]
        {
            "Auth:DataDirectory is not set", "ConnectionStrings:Auth is not set",
            "Auth:AccessTokenLifetime is \"soon\", which is not a valid duration",
            "Auth:MigrateAtStart is \"perhaps\", which is not a valid value: true or false",
            "Auth:KnownProxies contains proxy", "Auth:PlainHttpFrom is a list",
            "Auth:Keys:RotateEvery is \"never\"", "Auth:Limits:FailuresPerClient",
            "Auth:ScimApiUrl must be an absolute",
            "Urls contains 5001",
        })
            Assert.That(run.Error, Does.Contain(sentence));
    }

    [TestCase("ConnectionStrings__Auth=Fiel=auth.db", "ConnectionStrings:Auth is not a valid connection string")]
    [TestCase("ConnectionStrings__Auth=nonsense", "ConnectionStrings:Auth is not a valid connection string")]
    [TestCase("ConnectionStrings__Auth=Host=127.0.0.1;Port=9;Timeout=2", "The database cannot be used")]
    [Category("AnyDatabase")]
    public async Task An_operator_error_is_reported_as_a_sentence(string setting, string sentence)
    {
        using var folder = new Folder();
        var run = await ProgramRun.Of(Name, [$"Auth__DataDirectory={folder.Path}", setting], "accounts", "list");
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain($"{Name}: {sentence}").And.Not.Contain("   at "));
    }

    [TestCase]
    [TestCase("accounts", "list")]
    [Category("AnyDatabase")]
    public async Task A_program_error_is_reported_with_its_stack_trace(params string[] arguments)
    {
        using var folder = new Folder();
        // Only the logging framework validates this setting; it throws an InvalidOperationException.
        var run = await ProgramRun.Of(
            Name, [.. folder.Settings, "Logging__LogLevel__Default=Deafening"], arguments);
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("InvalidOperationException").And.Contain("   at "));
    }

    [Test]
    public async Task A_migration_beside_a_running_server_runs_in_its_own_process()
    {
        await using var server = await AuthServer.Start();
        var database = server.Services.GetRequiredService<Database>().ConnectionString;
        using var owned = DatabaseLock.Take(database);
        string[] settings =
        [
            $"ConnectionStrings__Auth={database}", $"Auth__DataDirectory={server.DataDirectory}",
            $"Auth__KeyCertificate={Path.Combine(server.DataDirectory, "keys.pfx")}",
        ];

        var run = await ProgramRun.Of(Name, settings, "database", "migrate");

        // The running server is not involved; the log of the other process is on standard error.
        if (TestPostgres.IsWanted)
        {
            Assert.That((run.ExitCode, run.Output), Is.EqualTo((0, "database: up to date\n")), run.Error);
        }
        else
        {
            Assert.That(run.ExitCode, Is.EqualTo(1));
            Assert.That(run.Error, Does.Contain("another Auth.Server uses the database").And.Contain("Stop it first"));
        }
        var list = await ProgramRun.Of(Name, settings, "accounts", "list", "--json");
        Assert.That((list.ExitCode, list.Output.Trim()), Is.EqualTo((0, "[]")), $"the socket still works {list.Error}");
    }

    [TestCase(true)]
    [TestCase(false)]
    [Category("AnyDatabase")]
    public async Task A_second_server_on_a_data_directory_is_refused_and_leaves_the_first_its_socket(bool sameDatabase)
    {
        await using var server = await AuthServer.Start();
        await server.CreateAccount("Of the first server");
        using var folder = new Folder();
        string[] settings =
        [
            .. folder.Settings,
            $"Auth__DataDirectory={server.DataDirectory}",
            .. sameDatabase ? [$"ConnectionStrings__Auth={server.ConnectionString}"] : Array.Empty<string>(),
        ];

        var second = await ProgramRun.Of(Name, settings);
        var list = await ProgramRun.Of(Name, settings, "accounts", "list");

        Assert.That(second.ExitCode, Is.EqualTo(1), second.Output);
        Assert.That(
            second.Error,
            Does.Contain($"another Auth.Server uses the same Auth:DataDirectory, {server.DataDirectory}")
                .And.Contain("its own directory").And.Not.Contain("   at "));
        Assert.That(list.Output, Does.Contain("Of the first server"), $"commands reach the first server {list.Error}");
    }

    [Test]
    [Category("AnyDatabase")]
    public async Task A_killed_server_does_not_hold_its_data_directory()
    {
        using var folder = new Folder();
        string[] settings = [.. folder.Settings, "Auth__MigrateAtStart=true"];
        using (var killed = await ProgramRun.Server(Name, settings))
        {
            killed.Kill();
            await killed.WaitForExitAsync();
        }
        Assert.That(File.Exists(CommandSocket.PathIn(folder.Path)), "it could not clean up");

        using var next = await ProgramRun.Server(Name, settings);
        try
        {
            var answer = await CommandSocket.Send(
                CommandSocket.PathIn(folder.Path), ["accounts", "list"], CancellationToken.None);
            Assert.That(answer?.ExitCode, Is.Zero);
        }
        finally
        {
            next.Kill();
            await next.WaitForExitAsync();
        }
    }

    [Test]
    [Category("AnyDatabase")]
    public async Task A_migration_does_not_call_the_server_that_listens_on_the_socket()
    {
        using var folder = new Folder();
        // An older server, which would answer that the database is up to date.
        using var older = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        older.Bind(new UnixDomainSocketEndPoint(CommandSocket.PathIn(folder.Path)));
        older.Listen();

        var run = await ProgramRun.Of(Name, folder.Settings, "database", "migrate");

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((0, "database: up to date\n")), run.Error);
        Assert.That(older.Poll(TimeSpan.Zero, SelectMode.SelectRead), Is.False, "no connection was made");
    }

    [Test]
    public async Task A_database_with_unknown_migrations_is_refused_by_server_and_commands(
        [Values("database migrate", "accounts list", "")] string arguments,
        [Values("9999_Future", "20261126223500_NodeRetirement")] string migration)
    {
        await using var server = await AuthServer.Start();
        await server.WithDatabase(db => db.Database.ExecuteSqlAsync(
            $"""UPDATE "__EFMigrationsHistory" SET "MigrationId" = {migration}"""));
        using var folder = new Folder();

        var run = await ProgramRun.Of(
            Name,
            [
                .. folder.Settings, $"ConnectionStrings__Auth={server.ConnectionString}",
                $"Auth__KeyCertificate={Path.Combine(server.DataDirectory, "keys.pfx")}", "Auth__MigrateAtStart=true",
            ],
            arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain(migration).And.Not.Contain("   at "));
        Assert.That(run.Error, Does.Contain(migration.StartsWith("9999", StringComparison.Ordinal)
            ? "A newer version of Auth.Server has migrated the database"
            : "deploy/local.sh --fresh"));
    }

    private static IEnumerable<string> AllCommands()
    {
        var pending = new Stack<(string Path, Command Command)>();
        pending.Push(("", new Commands(NoServices.Instance, "", "").Tree()));
        while (pending.TryPop(out var next))
        {
            yield return next.Path;
            foreach (var child in next.Command.Subcommands)
                pending.Push(($"{next.Path} {child.Name}".Trim(), child));
        }
    }

    /// <summary>A separate data directory and database.</summary>
    private sealed class Folder : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("program-");
        private readonly string database;

        public Folder() => database = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase()
            : $"Data Source={System.IO.Path.Combine(Path, "auth.db")}";

        public string Path => folder.FullName;

        public string[] Settings =>
            [$"ConnectionStrings__Auth={database}", $"Auth__DataDirectory={Path}", "Urls=http://127.0.0.1:0"];

        public void Dispose()
        {
            SqliteConnection.ClearAllPools();
            folder.Delete(recursive: true);
        }
    }
}
