using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Shared.Hosting;

namespace Auth.Server.Management;

/// <summary>
/// How a command reaches a running server: a Unix socket in a folder that only the server's user can enter. So a
/// command never changes data behind the server's back.
/// </summary>
internal static class CommandSocket
{
    private const string Route = "/commands";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // The kernel's limit for an address is 108 bytes.
    private const int MaxPathLength = 100;

    /// <summary>The socket's path, in the server's data directory.</summary>
    public static string PathIn(string dataDirectory)
    {
        var path = Path.Combine(Path.GetFullPath(dataDirectory), "commands.sock");
        return path.Length <= MaxPathLength ? path : throw new OperatorException(
            $"Auth:DataDirectory is too long for a socket in it ({path.Length} characters, {MaxPathLength} at most).");
    }

    /// <summary>Makes the data directory, for its owner only.</summary>
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

    /// <summary>Who runs this process; with <c>sudo</c>, who became somebody else.</summary>
    public static string UnixUser => Environment.GetEnvironmentVariable("SUDO_USER") is { Length: > 0 } before
        ? $"{before} as {Environment.UserName}"
        : Environment.UserName;

    /// <summary>Has the running server run a command; null if no server listens.</summary>
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
            // A command takes as long as it takes; whoever waits for it can interrupt it.
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
                    : $"the running server answered with status {(int)response.StatusCode}; its log says why.");
            return await response.Content.ReadFromJsonAsync<CommandResult>(cancellation);
        }
        catch (HttpRequestException error) when (error.InnerException is SocketException)
        {
            return null;
        }
        catch (HttpRequestException error)
        {
            throw new OperatorException(
                "the running server went away before it answered; look first whether the command was carried out.",
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

/// <summary>A command, the files that it names, by name, and the Unix user who runs it.</summary>
internal sealed record CommandRequest(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, CommandFile> Files, string User);

/// <summary>What a command printed, and its exit code.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Error);
