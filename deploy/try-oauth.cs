#:property RestorePackagesWithLockFile=false
#:property PublishAot=false
#:property UseSharedCompilation=false

// Plays Okta: what an identity provider does with OAuth 2.0, step by step, with the servers of deploy/local.sh.
// The authorization code grant (RFC 6749 §4.1) with PKCE (RFC 7636), the issuer check (RFC 9207), SCIM, refresh.

using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

const string Usage = """
    Usage: deploy/try-oauth.sh [option...]

    Generates OAuth 2.0 credentials for the demo account of deploy/local.sh and uses them as Okta would.

      --data DIR      the data of deploy/local.sh (default: .local in this repository)
      --yes           do not ask before the current credentials are replaced
      --no-browser    only print the address to open in a browser
      --help          this text
    """;

try
{
    return await Run(Options.Read(args));
}
catch (Refusal refusal)
{
    await Console.Error.WriteLineAsync($"try-oauth: {refusal.Message}");
    return 1;
}
catch (HttpRequestException error)
{
    await Console.Error.WriteLineAsync(
        $"try-oauth: A server does not answer ({error.Message}). Is deploy/local.sh running?");
    return 1;
}

static async Task<int> Run(Options options)
{
    if (options.Help)
    {
        Console.WriteLine(Usage);
        return 0;
    }

    var local = LocalEnvironment.Read(options.Data);
    using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
    var issuer = await FindIssuer(http, local);
    if (!options.Yes && !Confirm())
        return 1;

    var port = FreePort();
    var redirectUri = $"http://127.0.0.1:{port}/callback";
    Step(1, "New OAuth 2.0 credentials for the demo account, as the portal generates them. The old ones have ended.");
    var client = Generate(local, redirectUri);
    Say($"Client ID      {client.ClientId}");
    Say($"Redirect URI   {redirectUri}");

    Step(2, "A browser goes to the authorize URL, where an administrator signs in and allows the access.");
    Say($"Sign in as {local.AdminEmail} with password {local.AdminPassword}");
    using var callback = new HttpListener();
    callback.Prefixes.Add($"{redirectUri}/");
    callback.Start();
    var verifier = Base64Url(RandomNumberGenerator.GetBytes(32));
    var state = Base64Url(RandomNumberGenerator.GetBytes(16));
    var address = client.AuthorizeUrl + Query(new()
    {
        ["response_type"] = "code",
        ["client_id"] = client.ClientId,
        ["redirect_uri"] = redirectUri,
        ["state"] = state,
        ["code_challenge"] = Base64Url(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
        ["code_challenge_method"] = "S256",
    });
    Console.WriteLine($"\n{address}\n");
    if (options.Browser)
        OpenBrowser(address);

    var code = await Receive(callback, state, issuer);
    Step(3, "The browser came back with a code; state and issuer are the expected ones.");

    var tokens = await Redeem(http, client, new()
    {
        ["grant_type"] = "authorization_code",
        ["code"] = code,
        ["redirect_uri"] = redirectUri,
        ["code_verifier"] = verifier,
    });
    Step(4, $"The code was exchanged for an access token, valid for {tokens.ExpiresIn} seconds, and a refresh token.");
    await CallScim(http, local, tokens);

    tokens = await Redeem(
        http, client, new() { ["grant_type"] = "refresh_token", ["refresh_token"] = tokens.RefreshToken });
    Step(5, "The refresh token returned a new access token, as it will when the old one has expired.");
    await CallScim(http, local, tokens);

    Console.WriteLine(
        "\nAll steps worked. The account's credentials are now those of step 1; SCIM_TOKEN in local.env has ended.");
    Console.WriteLine("Generate new ones in the portal, under SCIM Credentials.");
    return 0;
}

static bool Confirm()
{
    Console.Write(
        "This replaces the demo account's credentials; clients using the current ones lose access. Continue? [y/N] ");
    return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
}

// The issuer is compared exactly with the one in the metadata (RFC 8414).
static async Task<string> FindIssuer(HttpClient http, LocalEnvironment local)
{
    var metadata = await http.GetFromJsonAsync<JsonElement>($"{local.AuthUrl}/.well-known/oauth-authorization-server");
    return metadata.GetProperty("issuer").GetString()!;
}

static Credentials Generate(LocalEnvironment local, string redirectUri)
{
    string[] command =
    [
        "credentials", "generate", "--account", local.AccountId, "--method", "oauth2", "--redirect-uri", redirectUri,
        "--json",
    ];
    using var process = Process.Start(new ProcessStartInfo(local.AuthServer, command)
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;
    var error = process.StandardError.ReadToEndAsync();
    var answer = process.StandardOutput.ReadToEnd();
    process.WaitForExit();
    return process.ExitCode == 0
        ? JsonSerializer.Deserialize<Credentials>(answer, JsonSerializerOptions.Web)!
        : throw new Refusal(error.Result.Trim());
}

static async Task<string> Receive(HttpListener callback, string state, string issuer)
{
    var arrived = callback.GetContextAsync();
    if (await Task.WhenAny(arrived, Task.Delay(TimeSpan.FromMinutes(10))) != arrived)
        throw new Refusal("No browser returned within ten minutes.");
    var context = await arrived;
    var answer = context.Request.QueryString;
    var fault =
        answer["error"] is { } error ? $"The server answered {error}: {answer["error_description"]}"
        : answer["state"] != state ? "The returned state is not the one that was sent: the response is not for us."
        : answer["iss"] != issuer ? $"The issuer of the response is {answer["iss"]}, not {issuer}."
        : answer["code"] is null ? "The response has no code."
        : null;
    var page = Encoding.UTF8.GetBytes(fault ?? "Done. You can close this page and return to the terminal.");
    context.Response.ContentType = "text/plain; charset=utf-8";
    await context.Response.OutputStream.WriteAsync(page);
    context.Response.Close();
    return fault is null ? answer["code"]! : throw new Refusal(fault);
}

static async Task<Tokens> Redeem(HttpClient http, Credentials client, Dictionary<string, string> form)
{
    using var request = new HttpRequestMessage(HttpMethod.Post, client.TokenUrl);
    request.Content = new FormUrlEncodedContent(form);
    // Both parts are form-encoded (RFC 6749 §2.3.1).
    var pair = $"{Uri.EscapeDataString(client.ClientId)}:{Uri.EscapeDataString(client.ClientSecret)}";
    request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
    using var response = await http.SendAsync(request);
    var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
    return response.IsSuccessStatusCode
        ? new(
            answer.GetProperty("access_token").GetString()!,
            answer.GetProperty("refresh_token").GetString()!,
            answer.GetProperty("expires_in").GetInt32())
        : throw new Refusal($"The token endpoint answered {(int)response.StatusCode}: {answer}");
}

static async Task CallScim(HttpClient http, LocalEnvironment local, Tokens tokens)
{
    var path = $"{local.ScimBaseUrl}/Users?startIndex=1&count=2";
    using var request = new HttpRequestMessage(HttpMethod.Get, path);
    request.Headers.Authorization = new("Bearer", tokens.AccessToken);
    request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/scim+json"));
    using var response = await http.SendAsync(request);
    var text = await response.Content.ReadAsStringAsync();
    if (!response.IsSuccessStatusCode)
        throw new Refusal($"SCIM answered {(int)response.StatusCode}: {text}");
    using var list = JsonDocument.Parse(text);
    Say($"GET {path}");
    Say($"200: the account has {list.RootElement.GetProperty("totalResults")} users.");
}

static void OpenBrowser(string address)
{
    try
    {
        var start = new ProcessStartInfo(OperatingSystem.IsMacOS() ? "open" : "xdg-open", [address])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start);
    }
    catch (System.ComponentModel.Win32Exception)
    {
        Say("(No browser could be started; open the address yourself.)");
    }
}

static int FreePort()
{
    using var listener = new TcpListener(IPAddress.Loopback, 0);
    listener.Start();
    return ((IPEndPoint)listener.LocalEndpoint).Port;
}

static string Query(Dictionary<string, string> parameters) =>
    "?" + string.Join('&', parameters.Select(one => $"{one.Key}={Uri.EscapeDataString(one.Value)}"));

static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);

static void Step(int number, string text) => Console.WriteLine($"\n{number}. {text}");

static void Say(string text) => Console.WriteLine($"   {text}");

/// <summary>Why the program cannot continue, as a sentence.</summary>
internal sealed class Refusal(string message) : Exception(message);

/// <summary>The members of the output of <c>credentials generate --json</c> that are used.</summary>
internal sealed record Credentials(string ClientId, string ClientSecret, string AuthorizeUrl, string TokenUrl);

/// <summary>A response of the token endpoint (RFC 6749 §5.1).</summary>
internal sealed record Tokens(string AccessToken, string RefreshToken, int ExpiresIn);

/// <summary>The command line.</summary>
internal sealed record Options(string Data, bool Yes, bool Browser, bool Help)
{
    public static Options Read(string[] args)
    {
        var options = new Options(".local", Yes: false, Browser: true, Help: false);
        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--data" when i + 1 < args.Length => options with { Data = args[++i] },
                "--data" => throw new Refusal("--data needs a value."),
                "--yes" => options with { Yes = true },
                "--no-browser" => options with { Browser = false },
                "--help" or "-h" => options with { Help = true },
                _ => throw new Refusal($"There is no option {args[i]}. Try --help."),
            };
        }

        return options;
    }
}

/// <summary>What <c>deploy/local.sh</c> wrote about the servers that it runs.</summary>
internal sealed record LocalEnvironment(
    string AuthUrl, string ScimBaseUrl, string AccountId, string AdminEmail, string AdminPassword, string AuthServer)
{
    public static LocalEnvironment Read(string data)
    {
        var file = Path.Combine(data, "local.env");
        if (!File.Exists(file))
            throw new Refusal($"There is no {file}. Run deploy/local.sh first.");
        var values = File.ReadLines(file).Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2)
            .ToDictionary(pair => pair[0], pair => pair[1].Trim('\''));
        return new(
            values["AUTH_URL"],
            values["SCIM_BASE_URL"],
            values["ACCOUNT_ID"],
            values["ADMIN_EMAIL"],
            values["ADMIN_PASSWORD"],
            values["AUTH_SERVER"]);
    }
}
