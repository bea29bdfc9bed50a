using System.Security.Claims;
using Auth.Server.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OpenIddict.Abstractions;
using SciLeads.Tests;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Concurrent revocations, refreshes and redemptions: whatever the order, what was revoked has ended.
/// </summary>
[Category("Slow")]
internal sealed class RevocationRaceTests
{
    private const int Rounds = 20;

    [Test]
    public async Task Revocations_of_a_refresh_token_that_is_being_refreshed_succeed_and_end_the_grant()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        await using var other = TestPostgres.IsWanted
            ? await server.StartNode("--Auth:Limits:RequestsPerClient=100000")
            : null;
        AuthServer[] nodes = [server, other ?? server];
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        for (var round = 0; round < Rounds; round++)
        {
            var tokens = await client.Tokens();
            var requests = Enumerable.Range(0, 8).Select(i => i % 3 == round % 3
                ? client.Post(nodes[i % 2], "connect/revoke", ("token", tokens.RefreshToken!))
                : client.TryRefresh(tokens.RefreshToken!, nodes[i % 2]));
            var answers = await Task.WhenAll(requests);

            for (var i = 0; i < answers.Length; i++)
            {
                var text = await answers[i].Content.ReadAsStringAsync();
                var isRevocation = i % 3 == round % 3;
                Assert.That(
                    (int)answers[i].StatusCode, isRevocation ? Is.EqualTo(200) : Is.EqualTo(200).Or.EqualTo(400), text);
                if (!isRevocation && answers[i].IsSuccessStatusCode)
                    await AssertDead(scim, client, await answers[i].Json());
                answers[i].Dispose();
            }

            Assert.That((await scim.Introspect(tokens.AccessToken)).Active, Is.False);
        }
    }

    [TestCase("refresh_token")]
    [TestCase("access_token")]
    public async Task Concurrent_and_repeated_revocations_all_succeed(string which)
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        await using var other = TestPostgres.IsWanted
            ? await server.StartNode("--Auth:Limits:RequestsPerClient=100000")
            : null;
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        for (var round = 0; round < Rounds; round++)
        {
            var tokens = await client.Tokens();
            var token = which == "refresh_token" ? tokens.RefreshToken! : tokens.AccessToken;
            var answers = await Task.WhenAll(Enumerable.Range(0, 3)
                .Select(i => client.Post((i == 1 ? other : null) ?? server, "connect/revoke", ("token", token))));
            using var late = await client.Post("connect/revoke", ("token", token));

            Assert.That(answers.Append(late).Select(answer => (int)answer.StatusCode), Is.All.EqualTo(200));
            Assert.That((await scim.Introspect(tokens.AccessToken)).Active, Is.False);
        }
    }

    [Test(Description = "Both have found the token valid; the revocation commits first.")]
    public async Task A_refresh_after_the_end_of_its_grant_is_refused()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        using var client = await AllowedClient.Of(server);
        await client.Tokens();
        var (token, grant) = await RefreshTokenOf(server);

        await using var refresh = server.Services.CreateAsyncScope();
        var refreshTokens = refresh.ServiceProvider.GetRequiredService<RefreshTokens>();
        await refresh.ServiceProvider.GetRequiredService<TokenManager>().FindByIdAsync($"{token}");
        await server.With<TokenManager, long>(async tokens => await tokens.RevokeByAuthorizationIdAsync($"{grant}"));

        Assert.That(await refreshTokens.Use(Principal(token, grant)), Is.Null);
        var rows = await server.WithDatabase(db => db.Tokens.Where(row => row.Type == TokenTypeIdentifiers.RefreshToken)
            .Select(row => row.Status).ToListAsync());
        Assert.That(rows, Is.EqualTo(new[] { Statuses.Revoked }));
    }

    [Test(Description = "Both have found the token valid; the refresh commits first.")]
    public async Task A_revocation_after_a_refresh_ends_the_successor()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        using var client = await AllowedClient.Of(server);
        await client.Tokens();
        var (token, grant) = await RefreshTokenOf(server);

        await using var revocation = server.Services.CreateAsyncScope();
        var revoking = revocation.ServiceProvider.GetRequiredService<TokenManager>();
        await revoking.FindByIdAsync($"{token}");
        var successor = await server.With<RefreshTokens, Token?>(tokens => tokens.Use(Principal(token, grant)));
        await revoking.RevokeByAuthorizationIdAsync($"{grant}");

        Assert.That(
            await server.With<RefreshTokens, Token?>(tokens => tokens.Use(Principal(successor!.Id, grant))), Is.Null);
        Assert.That(await server.With<RefreshTokens, Token?>(tokens => tokens.Use(Principal(token, grant))), Is.Null);
        var status = await server.WithDatabase(
            db => db.Grants.Where(row => row.Id == grant).Select(row => row.Status).SingleAsync());
        Assert.That(status, Is.EqualTo(Statuses.Revoked));
    }

    [Test(Description = "RFC 6749 §4.1.2")]
    [Category("Check 19")]
    public async Task A_code_that_is_redeemed_twice_concurrently_leaves_no_valid_token()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        await using var other = TestPostgres.IsWanted
            ? await server.StartNode("--Auth:Limits:RequestsPerClient=100000")
            : null;
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        for (var round = 0; round < 5; round++)
        {
            var code = await client.Code();
            var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => client.Post(
                (i % 2 == 1 ? other : null) ?? server, AuthServerPaths.Token,
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", AllowedClient.RedirectUri))));

            Assert.That(answers.Count(answer => answer.IsSuccessStatusCode), Is.AtMost(1));
            foreach (var answer in answers)
            {
                if (answer.IsSuccessStatusCode)
                    await AssertDead(scim, client, await answer.Json());
                else
                    Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
                answer.Dispose();
            }
        }
    }

    [Test]
    public async Task A_refresh_concurrent_with_a_newer_code_leaves_one_grant_that_can_be_refreshed()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        using var client = await AllowedClient.Of(server);
        for (var round = 0; round < 5; round++)
        {
            var earlier = await client.Tokens();
            server.Time.Advance(TimeSpan.FromSeconds(1));
            var code = await client.Code();
            var refreshing = client.TryRefresh(earlier.RefreshToken!);
            var redeeming = client.Redeem(code);
            using var refreshed = await refreshing;
            using var redeemed = await redeeming;

            Assert.That((int)redeemed.StatusCode, Is.EqualTo(200));
            var current = (await redeemed.Json()).GetProperty("refresh_token").GetString()!;
            if (refreshed.IsSuccessStatusCode)
            {
                using var late = await client.TryRefresh(
                    (await refreshed.Json()).GetProperty("refresh_token").GetString()!);
                Assert.That((int)late.StatusCode, Is.EqualTo(400));
            }
            Assert.That((await client.Refresh(current)).RefreshToken, Is.Not.Null);
        }
    }

    [Test]
    public async Task A_replaced_refresh_token_still_revokes_its_access_tokens()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var old = await client.Tokens();
        server.Time.Advance(TimeSpan.FromMinutes(1));
        var current = await client.Tokens();

        using var answer = await client.Post("connect/revoke", ("token", old.RefreshToken!));

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        Assert.That((await scim.Introspect(old.AccessToken)).Active, Is.False);
        Assert.That((await scim.Introspect(current.AccessToken)).Active);
    }

    [Test]
    public async Task Revoking_a_used_refresh_token_ends_its_grant_however_late()
    {
        await using var server = await AuthServer.Start("--Auth:Limits:RequestsPerClient=100000");
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();
        var second = await client.Refresh(first.RefreshToken!);
        server.Time.Advance(AuthorizationServer.RefreshGrace * 2);

        using var answer = await client.Post("connect/revoke", ("token", first.RefreshToken!));

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        Assert.That((await scim.Introspect(second.AccessToken)).Active, Is.False);
    }

    private static async Task<(Guid Token, Guid Grant)> RefreshTokenOf(AuthServer server)
    {
        var row =
            await server.WithDatabase(db => db.Tokens.Where(token => token.Type == TokenTypeIdentifiers.RefreshToken)
            .Select(token => new { token.Id, Grant = token.Authorization!.Id }).SingleAsync());
        return (row.Id, row.Grant);
    }

    private static ClaimsPrincipal Principal(Guid token, Guid grant) =>
        new ClaimsPrincipal(new ClaimsIdentity("a test")).SetTokenId($"{token}").SetAuthorizationId($"{grant}");

    private static async Task AssertDead(ResourceServer scim, AllowedClient client, System.Text.Json.JsonElement tokens)
    {
        Assert.That((await scim.Introspect(tokens.GetProperty("access_token").GetString()!)).Active, Is.False);
        using var refresh = await client.TryRefresh(tokens.GetProperty("refresh_token").GetString()!);
        Assert.That((int)refresh.StatusCode, Is.EqualTo(400));
    }
}
