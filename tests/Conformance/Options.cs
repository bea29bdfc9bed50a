namespace Conformance;

/// <summary>What is wrong with the command line, as a sentence.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>The command line.</summary>
internal sealed record Options(string Base, string Token, string Domain, IReadOnlyList<string> Clients, bool Help)
{
    public const string Usage = """
        Usage: tests/conformance.sh --base URL --token TOKEN [option...]

        Plays identity providers against a SCIM 2.0 server and says, step by step, what they would get. It creates users
        whose userName contains a random tag, changes and deletes only these, and deletes them at the end, even after a
        failure or Ctrl-C. The account needs free seats for some of them, and must allow their e-mail domain.

          --base URL        the SCIM Base URL, such as https://iam.scileads.com/scim/v2
          --token TOKEN     the API token; better in the environment variable SCIM_TOKEN, where no one else sees it
          --client NAME     okta, entra, onelogin, jumpcloud, ping, google, authentik, or painpoints: requests that
                            servers are known to get wrong. May be repeated (default: all)
          --domain DOMAIN   the e-mail domain of the users (default: example.com)
          --help            this text

        Exit code: 0 all passed, 1 something failed or could not be run, 2 wrong usage, 130 interrupted.
        """;

    public static Options Read(string[] args)
    {
        var options = new Options("", Environment.GetEnvironmentVariable("SCIM_TOKEN") ?? "", "example.com", [], false);
        for (var i = 0; i < args.Length; i++)
        {
            string Value() => i + 1 < args.Length ? args[++i] : throw new UsageException($"{args[i]} needs a value.");
            options = args[i] switch
            {
                "--base" => options with { Base = Value().TrimEnd('/') },
                "--token" => options with { Token = Value() },
                "--domain" => options with { Domain = Value() },
                "--client" => options with { Clients = [.. options.Clients, Known(Value())] },
                "--help" or "-h" => options with { Help = true },
                var other => throw new UsageException($"There is no option {other}."),
            };
        }
        return options.Help ? options : options.Checked();
    }

    private static string Known(string client) => Exchange.All.Any(exchange => exchange.Client == client)
        ? client
        : throw new UsageException($"There is no client {client}. The clients are: {Names}.");

    private static string Names => string.Join(", ", Exchange.All.Select(exchange => exchange.Client).Distinct());

    private Options Checked()
    {
        if (Base == "")
            throw new UsageException("--base is missing.");
        if (!Uri.TryCreate(Base, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https")
            || address.Query != "" || address.Fragment != "")
            throw new UsageException($"{Base} is not a valid SCIM Base URL.");
        var token = Token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? Token[7..].Trim() : Token.Trim();
        if (token == "")
            throw new UsageException("The token is missing: --token, or the environment variable SCIM_TOKEN.");
        if (token.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)))
            throw new UsageException("The token contains spaces or line breaks.");
        if (Uri.CheckHostName(Domain) != UriHostNameType.Dns || !Domain.Contains('.', StringComparison.Ordinal))
            throw new UsageException($"{Domain} is not a valid domain.");
        return this with { Token = token };
    }
}
