using Auth.Server.Audit;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shared.Contracts;

namespace Auth.Server.Tests.Limits;

/// <summary>
/// A secret sent in the place of an identifier is neither logged nor audited: only existing identifiers are.
/// </summary>
public sealed class PastedSecretsTests
{
    [Test]
    public async Task A_secret_in_an_identifier_field_is_not_written_anywhere()
    {
        await using var server = await AuthServer.Start(
            "--Logging:LogLevel:Default=Trace", "--Logging:LogLevel:Microsoft=Trace",
            "--Logging:LogLevel:OpenIddict=Trace",
            "--Logging:Console:LogLevel:Default=None", "--Auth:Limits:FailuresPerClient=1",
            "--Auth:KnownProxies:0=127.0.0.1");
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        var secret = issued.ClientSecret!;
        var network = 0;

        foreach (var path in new[] { AuthServerPaths.Token, AuthServerPaths.Introspection, "connect/revoke", "connect/par" })
        {
            foreach (var id in new[] { secret, ClientSecret.Generate() })
            {
                // There is one warning per network and minute.
                var from = $"203.0.113.{++network}";
                for (var i = 0; i < 3; i++)
                {
                    await Send(http, path, from, ("client_id", id), ("client_secret", "x"), ("token", id));
                    await Send(http, path, from, ("client_id", id), ("client_secret", id), ("token", "x"));
                    await Send(http, path, from, OAuthClient.Basic(id, id), ("token", "x"));
                    await Send(
                        http, path, from, ("client_id", id), ("client_assertion", $"{id}.{id}.{id}"), ("token", "x"),
                        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
                }
            }
            using var query = await http.GetAsync(new Uri($"{path}?client_id={secret}", UriKind.Relative));
        }
        using var authorize = await http.GetAsync(new Uri(
            $"connect/authorize?response_type=code&client_id={secret}&redirect_uri=https://{secret}.example",
            UriKind.Relative));
        await CommandsTests.Run(server, "keys", "rotate", "--compromised", secret);
        await CommandsTests.Run(server, "management-clients", "remove", "--client", secret);
        await CommandsTests.Run(server, "credentials", "show", "--account", secret);
        for (var i = 0; i < 3; i++)
        {
            await Send(
                http, AuthServerPaths.Token, "198.51.100.1", ("client_id", issued.Set.ClientId!),
                ("client_secret", "wrong"),
                ("grant_type", "client_credentials"));
        }

        Assert.That(
            log.Lines, Has.Some.Contains("Repeated failed client authentication").And.Some.Contains("does not exist"));
        Assert.That(log.Lines, Has.Some.Contains("Repeated failed").And.Some.Contains(issued.Set.ClientId));
        Assert.That(log.Lines.Where(line => line.Contains("scim_cs_", StringComparison.Ordinal)), Is.Empty);
        var entries = await server.WithDatabase(db => db.AuditEntries.AsNoTracking().ToListAsync());
        Assert.That(entries, Has.Count.AtLeast(3));
        Assert.That(
            entries.Where(entry => $"{entry.About} {entry.Detail} {entry.ActorName}".Contains("scim_cs_")), Is.Empty);
    }

    private static Task Send(HttpClient http, string path, string from, params (string Name, string Value)[] form) =>
        Send(http, path, from, null, form);

    private static async Task Send(
        HttpClient http,
        string path,
        string from,
        System.Net.Http.Headers.AuthenticationHeaderValue? authorization,
        params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("X-Forwarded-For", from);
        request.Headers.Authorization = authorization;
        request.Content = new FormUrlEncodedContent(
            form.Append(("grant_type", "client_credentials")).DistinctBy(field => field.Item1)
                .Select(field => KeyValuePair.Create(field.Item1, field.Item2)));
        using var response = await http.SendAsync(request);
    }
}
