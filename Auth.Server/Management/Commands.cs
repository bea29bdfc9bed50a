using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>
/// The operator's verbs, for those without a browser. Each prints lines of <c>name: value</c>, or JSON with
/// <c>--json</c>; a refusal is one sentence on standard error and exit code 1.
/// </summary>
internal sealed class Commands(IServiceProvider services, string workingDirectory)
{
    private const string By = "an operator on the command line";

    private static readonly Option<bool> json = new("--json") { Description = "Print JSON.", Recursive = true };
    private static readonly Option<Guid> account = new("--account")
    {
        Description = "The account's id.",
        Required = true,
    };

    private static readonly JsonSerializerOptions indented = new(JsonSerializerOptions.Web) { WriteIndented = true };

    public async Task<int> Run(
        IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
        };
        try
        {
            // A word that begins with @ is that word, not a file of more words.
            var parsed = Root().Parse(arguments, new() { ResponseFileTokenReplacer = null });
            return await parsed.InvokeAsync(configuration, cancellation);
        }
        catch (ProblemException problem)
        {
            await error.WriteLineAsync(problem.Message);
            return 1;
        }
    }

    private RootCommand Root() => new("Auth.Server: the authorization server of SciLeads. Without a command, it runs.")
    {
        json,
        new Command("accounts", "Customers.") { CreateAccount(), ListAccounts(), ShowAccount(), UpdateAccount() },
        new Command("administrators", "The people who sign in to the portal.") { CreateAdministrator() },
        new Command("credentials", "The credential set of an account.") { Generate(), Show(), Revoke() },
        new Command("resource-servers", "The servers that may introspect tokens.") { AddResourceServer() },
        new Command("database", "The auth database.") { Migrate() },
    };

    private Command CreateAccount()
    {
        var name = new Option<string>("--name") { Description = "The customer's name.", Required = true };
        var settings = new AccountSettings();
        var command = settings.AddTo(new("create", "Opens an account.") { name });
        command.SetAction((parsed, cancellation) => Answer<AccountRegister>(parsed, async accounts =>
            AsJson(await accounts.Create(parsed.GetRequiredValue(name), settings.Read(parsed), cancellation))));
        return command;
    }

    private Command ListAccounts()
    {
        var command = new Command("list", "Lists all accounts.");
        command.SetAction((parsed, cancellation) => Answer<AccountRegister>(parsed, async accounts =>
            new JsonArray([.. (await accounts.List(cancellation)).Select(AsJson)])));
        return command;
    }

    private Command ShowAccount()
    {
        var command = new Command("show", "Shows an account.") { account };
        command.SetAction((parsed, cancellation) => Answer<AccountRegister>(parsed, async accounts =>
            AsJson(await accounts.Get(parsed.GetRequiredValue(account), cancellation))));
        return command;
    }

    private Command UpdateAccount()
    {
        var settings = new AccountSettings();
        var command = settings.AddTo(new("update", "Changes an account; what is not named stays as it is.") { account });
        command.SetAction((parsed, cancellation) => Answer<AccountRegister>(parsed, async accounts =>
            AsJson(await accounts.Update(parsed.GetRequiredValue(account), settings.Read(parsed), cancellation))));
        return command;
    }

    private Command CreateAdministrator()
    {
        var email = new Option<string>("--email") { Description = "To sign in with.", Required = true };
        var command = new Command("create", "Makes an administrator with a random password, shown once.") { account, email };
        command.SetAction((parsed, cancellation) => Answer<AccountRegister>(parsed, async accounts =>
        {
            var password = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 20);
            var administrator = await accounts.CreateAdministrator(
                parsed.GetRequiredValue(account), parsed.GetRequiredValue(email), password, cancellation);
            return new JsonObject
            {
                ["administratorId"] = administrator.Id,
                ["email"] = administrator.Email,
                ["password"] = password,
            };
        }));
        return command;
    }

    private Command Generate()
    {
        var method = new Option<string>("--method") { Description = "How the identity provider signs in.", Required = true };
        method.AcceptOnlyFromAmong("oauth2", "direct-jwt");
        var lifetime = new Option<TimeSpan?>("--lifetime")
        {
            Description = "Until the set ends by itself: 365d, 12h, 30m.",
            CustomParser = ParseLifetime,
        };
        var redirectUri = new Option<string[]>("--redirect-uri") { Description = "Where codes may be sent (oauth2)." };
        var oktaApp = new Option<string?>("--okta-app") { Description = "Okta's app name: its five redirect URIs (oauth2)." };
        var command = new Command("generate", "Makes a credential set. The one before it ends, and all its tokens.")
        {
            account, method, lifetime, redirectUri, oktaApp,
        };
        command.SetAction((parsed, cancellation) => Answer<CredentialSets>(parsed, async sets =>
        {
            var accountId = parsed.GetRequiredValue(account);
            var current = await sets.FindActive(accountId, cancellation);
            IEnumerable<string> ofOkta = parsed.GetValue(oktaApp) is { } app ? RedirectUris.OfOktaApp(app) : [];
            var issued = await sets.Generate(
                new(
                    accountId,
                    current?.Id,
                    parsed.GetRequiredValue(method) == "oauth2" ? CredentialMethods.OAuth2 : CredentialMethods.DirectJwt,
                    By,
                    parsed.GetValue(lifetime),
                    [.. ofOkta, .. parsed.GetValue(redirectUri) ?? []]),
                cancellation);
            return AsJson(issued);
        }));
        return command;
    }

    private Command Show()
    {
        var command = new Command("show", "Shows the active credential set, without its secret.") { account };
        command.SetAction((parsed, cancellation) => Answer<CredentialSets>(parsed, async sets =>
            AsJson(await RequireActive(sets, parsed.GetRequiredValue(account), cancellation))));
        return command;
    }

    private Command Revoke()
    {
        var command = new Command("revoke", "Ends the active credential set without a successor.") { account };
        command.SetAction((parsed, cancellation) => Answer<CredentialSets>(parsed, async sets =>
        {
            var accountId = parsed.GetRequiredValue(account);
            var current = await RequireActive(sets, accountId, cancellation);
            await sets.Revoke(accountId, current.Id, By, cancellation);
            return new JsonObject { ["credentialSetId"] = current.Id, ["state"] = "ended" };
        }));
        return command;
    }

    private Command AddResourceServer()
    {
        var name = new Option<string>("--name")
        {
            Description = "Audience and client id.",
            DefaultValueFactory = _ => Audiences.Scim,
        };
        var jwks = new Option<string>("--jwks") { Description = "A file with its public keys, a JWK set.", Required = true };
        var command = new Command("add", "Registers a resource server, or its new keys.") { name, jwks };
        command.SetAction((parsed, cancellation) => Answer<ResourceServers>(parsed, async servers =>
        {
            var file = Path.Combine(workingDirectory, parsed.GetRequiredValue(jwks));
            if (!File.Exists(file))
                throw ProblemException.NotFound($"There is no file {file}.");
            await servers.Add(parsed.GetRequiredValue(name), await File.ReadAllTextAsync(file, cancellation), cancellation);
            return new JsonObject { ["resourceServer"] = parsed.GetValue(name) };
        }));
        return command;
    }

    private Command Migrate()
    {
        var command = new Command("migrate", "Brings the database up to date.");
        command.SetAction((parsed, cancellation) => Answer<AuthDbContext>(parsed, async db =>
        {
            await db.Database.MigrateAsync(cancellation);
            return new JsonObject { ["database"] = "up to date" };
        }));
        return command;
    }

    private static async Task<CredentialSet> RequireActive(
        CredentialSets sets, Guid accountId, CancellationToken cancellation) =>
        await sets.FindActive(accountId, cancellation)
        ?? throw ProblemException.NotFound($"Account {accountId} has no active credential set.");

    private async Task<int> Answer<T>(ParseResult parsed, Func<T, Task<JsonNode>> act)
        where T : notnull
    {
        await using var scope = services.CreateAsyncScope();
        var answer = await act(scope.ServiceProvider.GetRequiredService<T>());
        var output = parsed.InvocationConfiguration.Output;
        if (parsed.GetValue(json))
            await output.WriteLineAsync(answer.ToJsonString(indented));
        else
            await output.WriteAsync(AsText(answer));
        return 0;
    }

    private static string AsText(JsonNode answer) => answer switch
    {
        JsonArray all => string.Join('\n', all.Select(one => AsText(one!))),
        JsonObject one => string.Concat(one.Where(value => value.Value is not null).Select(value => $"{value.Key}: {AsValue(value.Value!)}\n")),
        _ => answer.ToString(),
    };

    private static string AsValue(JsonNode value) =>
        value switch
    {
        JsonArray all => string.Join(", ", all.Select(one => AsValue(one!))),
        _ when value.GetValueKind() == JsonValueKind.String => value.Deserialize<string>()!,
        _ => value.ToJsonString(),
    };

    private static JsonObject AsJson(Account account) => new()
    {
        ["accountId"] = account.Id,
        ["name"] = account.Name,
        ["scim"] = account.ScimEnabled ? "on" : "off",
        ["suspended"] = account.Suspended,
        ["attributeRules"] = account.AttributeRules,
        ["rateLimit"] = account.RateLimit is { } limit ? (JsonNode)limit : AccountSettings.None,
        ["restoreInactive"] = account.RestoreInactive ? "on" : "off",
        ["domains"] = new JsonArray([.. account.Domains.Select(domain => (JsonNode)domain)]),
        ["licences"] = new JsonArray(
            [.. account.Licences.OrderBy(l => l.Product, StringComparer.Ordinal).Select(l => (JsonNode)$"{l.Product}={l.Seats}")]),
    };

    private static JsonObject AsJson(CredentialSet set) => new()
    {
        ["credentialSetId"] = set.Id,
        ["generation"] = set.Generation,
        ["method"] = set.Method,
        ["clientId"] = set.ClientId,
        ["lastFour"] = set.LastFour,
        ["createdAt"] = set.CreatedAt,
        ["createdBy"] = set.CreatedBy,
        ["expiresAt"] = set.ExpiresAt,
    };

    private JsonObject AsJson(IssuedCredentials issued)
    {
        var options = services.GetRequiredService<AuthOptions>();
        var answer = AsJson(issued.Set);
        answer["scimBaseUrl"] = options.ScimBaseUrl.ToString();
        if (issued.Token is not null)
        {
            answer["token"] = issued.Token;
            return answer;
        }

        answer["clientSecret"] = issued.ClientSecret;
        answer["authorizeUrl"] = new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath).ToString();
        answer["tokenUrl"] = new Uri(options.PublicUrl, AuthServerPaths.Token).ToString();
        return answer;
    }

    private static TimeSpan? ParseLifetime(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (text.Length > 1
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            switch (text[^1])
            {
                case 'd': return CredentialSets.Days(number);
                case 'h': return CredentialSets.Days(number / 24) + TimeSpan.FromHours(number % 24);
                case 'm': return TimeSpan.FromMinutes(number);
                default: break;
            }
        }

        argument.AddError($"\"{text}\" is no lifetime. Write days, hours or minutes: 365d, 12h, 30m.");
        return null;
    }
}
