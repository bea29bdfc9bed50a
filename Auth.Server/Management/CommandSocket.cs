using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// The Unix socket by which a command reaches a running server. It is in a directory that only the server's
/// user can enter.
/// </summary>
internal static class CommandSocket
{
    private const string Route = "/commands";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // The kernel limits the path of a socket to 108 bytes.
    private const int MaxPathLength = 100;

    /// <summary>The socket's path, in the server's data directory.</summary>
    public static string PathIn(string dataDirectory)
    {
        var path = Path.Combine(Path.GetFullPath(dataDirectory), "commands.sock");
        return path.Length <= MaxPathLength ? path : throw new OperatorException(
            $"Auth:DataDirectory is too long for a socket in it: {path} has {path.Length} characters, "
            + $"and at most {MaxPathLength} are possible.");
    }

    /// <summary>Creates the data directory, accessible to its owner only.</summary>
    public static void MakeFolder(string dataDirectory)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(dataDirectory);
        else
            Directory.CreateDirectory(dataDirectory, OwnerOnly);
    }

    public static void MapCommands(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost(Route, Run).AddEndpointFilter(async (invocation, next) =>
            invocation.HttpContext.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily == AddressFamily.Unix
                ? await next(invocation)
                : Results.NotFound());

    /// <summary>The user who runs this process and, with <c>sudo</c>, the user who called it.</summary>
    public static string UnixUser => Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } sudoUser
        ? $"{sudoUser} as {Environment.UserName}"
        : Environment.UserName;

    /// <summary>Sends a command to the running server; null if no server listens.</summary>
    public static async Task<CommandResult?> Send(
        string path, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        if (!File.Exists(path))
            return null;
        using var handler = new SocketsHttpHandler();
        handler.ConnectCallback = async (_, token) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), token);
            return new NetworkStream(socket, ownsSocket: true);
        };
        using var client = new HttpClient(handler)
        {
            BaseAddress = new("http://localhost"),
            // A command may take long; the operator can interrupt it.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        try
        {
            var files = await Commands.ReadFiles(arguments, Environment.CurrentDirectory, cancellation);
            var command = new CommandRequest(arguments, files, UnixUser);
            using var response = await client.PostAsJsonAsync(Route, command, cancellation);
            if (!response.IsSuccessStatusCode)
                throw new OperatorException(response.StatusCode == HttpStatusCode.ServiceUnavailable
                    ? "the running server cannot use its database at the moment. Try again."
                    : $"the running server responded with status {(int)response.StatusCode}. See its log.");
            return await response.Content.ReadFromJsonAsync<CommandResult>(cancellation);
        }
        catch (HttpRequestException error) when (error.InnerException is SocketException)
        {
            return null;
        }
        catch (HttpRequestException error)
        {
            throw new OperatorException(
                "the running server stopped before it responded. Check whether the command was carried out.",
                error);
        }
    }

    private static async Task<CommandResult> Run(
        CommandRequest request, IServiceProvider services, CancellationToken cancellation)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await new Commands(services, workingDirectory: "", request.User, request.Files)
            .Run(request.Arguments, output, error, cancellation);
        return new(exitCode, output.ToString(), error.ToString());
    }
}

/// <summary>A command, the files that it names (by name), and the Unix user who runs it.</summary>
internal sealed record CommandRequest(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, CommandFile> Files, string User);

/// <summary>The exit code of a command, and what it printed.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error);
