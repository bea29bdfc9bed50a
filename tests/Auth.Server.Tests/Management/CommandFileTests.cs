using System.Diagnostics;
using Auth.Server.Connect;
using Auth.Server.Management;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Management;

/// <summary>
/// Files that commands name are read by the process that the operator started, whatever kind of file they are.
/// </summary>
[Category("AnyDatabase")]
public sealed class CommandFileTests
{
    /// <summary>The command runs in a shell, so the file descriptors are those of its own process.</summary>
    [TestCase("--jwks <(cat \"$FILE\")")]
    [TestCase("--jwks - <\"$FILE\"")]
    [TestCase("--jwks /dev/stdin <\"$FILE\"")]
    [TestCase("--jwks \"$FILE\"")]
    [TestCase("--jwks keys.jwks")]
    [Platform(Exclude = "Win")]
    public async Task A_pipe_is_read_like_a_file(string option)
    {
        await using var server = await AuthServer.Start();
        var file = Path.Combine(server.DataDirectory, "keys.jwks");
        var key = PublicKeysTests.NewKey();
        await File.WriteAllTextAsync(file, PublicKeysTests.SetOf(key));

        var (exitCode, output) = await Shell(server, $"resource-servers add {option}", file);

        Assert.That(exitCode, Is.Zero, output);
        var registered = await server.WithDatabase(
            db => db.Clients.Select(client => client.JsonWebKeySet).SingleAsync());
        Assert.That(registered, Does.Contain((string)key["x"]!));
    }

    [TestCase("missing.jwks", "There is no file")]
    [TestCase("missing/keys.jwks", "There is no file")]
    [TestCase("", "is a directory")]
    [TestCase(".", "is a directory")]
    [TestCase("/dev/zero", "larger than 64 KB")]
    [TestCase("/dev/null", "not valid JSON")]
    [TestCase("a\0b", "could not be read")]
    [Platform(Exclude = "Win")]
    public async Task A_file_that_cannot_be_read_is_refused_with_a_sentence_with_and_without_a_running_server(
        string name, string said)
    {
        await using var server = await AuthServer.Start();
        string[] command = ["management-clients", "add", "--name", "bot", "--jwks", name];
        var socket = CommandSocket.PathIn(server.DataDirectory);

        var running = (await CommandSocket.Send(socket, command, CancellationToken.None))!;
        var (exitCode, _, error) = await CommandsTests.Run(server, command);

        Assert.That((running.ExitCode, exitCode), Is.EqualTo((1, 1)));
        Assert.That(running.Error, Does.Contain(said));
        Assert.That(error, Does.Contain(said));
    }

    [Test]
    public async Task A_secret_is_also_read_by_the_process_that_the_operator_started()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var staged = await CommandsTests.Json(
            server, "credentials", "stage", "--account", $"{account.Id}", "--method", "oauth2", "--json");
        var file = Path.Combine(server.DataDirectory, "secret");
        await File.WriteAllTextAsync(file, staged.GetProperty("clientSecret").GetString() + "\r\n");

        var (exitCode, output) = await Shell(
            server, $"credentials check --account {account.Id} --secret-file <(cat \"$FILE\")", file);

        Assert.That((exitCode, output.Contains("good")), Is.EqualTo((0, true)), output);
    }

    private static async Task<(int ExitCode, string Output)> Shell(AuthServer server, string command, string file)
    {
        var program = SciLeads.Tests.ProgramRun.FileOf("Auth.Server");
        var start = new ProcessStartInfo("bash", ["-c", $"exec dotnet '{program}' {command}"])
        {
            WorkingDirectory = server.DataDirectory, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["FILE"] = file;
        start.Environment["Auth__DataDirectory"] = server.DataDirectory;
        start.Environment["Auth__PublicUrl"] = $"{AuthServer.PublicUrl}";
        start.Environment["Auth__ScimBaseUrl"] = $"{AuthServer.ScimBaseUrl}";
        start.Environment["Auth__ScimApiUrl"] = "http://127.0.0.1:9";
        start.Environment["ConnectionStrings__Auth"] = server.ConnectionString;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}
