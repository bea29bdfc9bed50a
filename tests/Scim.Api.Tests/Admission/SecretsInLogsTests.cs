using Shared.Contracts;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.Admission;

/// <summary>Whatever happens to a token, no log line at any level contains it, nor our own client assertion.</summary>
[Parallelizable]
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class SecretsInLogsTests
{
    [Test]
    public async Task No_token_is_logged_whatever_its_outcome()
    {
        await using var server = await ScimServer.Start(["Introspection:RetryDelay=00:00:00"], Probe.Map, logsEverything: true);
        var auth = server.AuthServer;
        var account = new TestAccount();
        var accepted = auth.IssueToken(account);
        var revoked = auth.IssueToken(() => new() { Active = false });
        var expired = auth.IssueToken(
            () => new() { Active = false }, token => token.Expires = DateTime.UtcNow.AddDays(-1));
        var foreign = auth.IssueToken(() => account.Answer(), token => token.Audience = "elsewhere");
        var noScope = auth.IssueToken(account, scope: "none");
        var damaged = accepted[..^4] + "AAAA";
        var cut = accepted[..^10].Replace('.', '_');
        string[] tokens = [accepted, revoked, expired, foreign, noScope, damaged, cut];

        foreach (var token in tokens)
            await Send(server, token);
        account.Generation = 0;
        account.SetId = Guid.CreateVersion7();
        var fenced = auth.IssueToken(account);
        await Send(server, fenced);
        foreach (var fault in (int[])[400, 401, 500])
        {
            auth.Fail(AuthServerPaths.Introspection, Response.Create().WithStatusCode(fault));
            await Send(server, accepted);
        }
        auth.Recover();
        auth.Fail(AuthServerPaths.Introspection, Response.Create()
            .WithHeader("Content-Type", "application/json").WithBody("{\"active\":\"" + accepted + "\"}"));
        await Send(server, accepted);
        auth.Pause();
        await Send(server, accepted);
        var assertion = auth.LastForm(AuthServerPaths.Introspection)["client_assertion"].ToString();

        // The middle of a token is enough to find it, and each part is searched for separately.
        var secrets = tokens.Append(fenced).Append(assertion)
            .SelectMany(token => token.Split('.').Skip(1)).Where(part => part.Length > 30).ToArray();
        Assert.That(secrets, Is.Not.Empty);
        Assert.That(server.Logs.Lines.Where(line => secrets.Any(secret => line.Contains(secret[..30]))), Is.Empty);
    }

    private static async Task Send(ScimServer server, string token)
    {
        using var client = server.ClientWith("Bearer " + token);
        using var response = await client.GetAsync("/scim/v2/probe");
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain(token));
    }
}
