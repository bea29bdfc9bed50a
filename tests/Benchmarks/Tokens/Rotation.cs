using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Auth.Server.Management;

namespace Benchmarks.Tokens;

/// <summary>
/// Rotates the direct JWTs of random accounts, as an operator does, with commands of a running server.
/// </summary>
internal sealed partial class Rotation(IssuedTokens issued)
{
    /// <summary>The folder of the server that runs the commands, beside the other files.</summary>
    public const string Data = "data";

    private readonly string socket = CommandSocket.PathIn(Path.Combine(issued.Folder, Data));

    /// <summary>Replaces one token, and returns how long it took until every node had confirmed it.</summary>
    /// <exception cref="InvalidOperationException">It was refused, or a node has not confirmed it.</exception>
    public async Task<int> Confirmed(int nodes)
    {
        var confirmation = await Once();
        return Confirmation().Match(confirmation) is { Success: true } match
            && match.Groups["confirmed"].Value == nodes.ToString(CultureInfo.InvariantCulture)
                ? int.Parse(match.Groups["milliseconds"].Value, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException(confirmation);
    }

    /// <summary>Replaces tokens one after the other.</summary>
    public async Task GoOn(TimeSpan pause, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            await Once();
            await Task.Delay(pause, CancellationToken.None);
        }
    }

    /// <summary>Replaces one token, and returns what the answer says about the nodes.</summary>
    public async Task<string> Once()
    {
        // The random numbers spread the load and are not secrets.
#pragma warning disable CA5394
        var number = Random.Shared.Next(issued.Accounts.Count);
#pragma warning restore CA5394
        var answer = await CommandSocket.Send(
            socket,
            [
                "credentials", "generate", "--account", issued.Accounts[number].ToString(),
                "--method", "direct-jwt", "--json",
            ],
            CancellationToken.None);
        if (answer is not { ExitCode: 0 })
            throw new InvalidOperationException(answer?.Error ?? "No server listens.");
        var set = JsonNode.Parse(answer.Output)!;
        issued.Jwts[number] = (string)set["token"]!;
        return (string)set["confirmation"]!;
    }

    [GeneratedRegex(@"^Confirmed by (?<confirmed>\d+) of \k<confirmed> nodes? in (?<milliseconds>\d+) ms\.$")]
    private static partial Regex Confirmation();
}
