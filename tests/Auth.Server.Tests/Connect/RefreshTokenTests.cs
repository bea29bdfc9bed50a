using System.Net;
using Auth.Server.Connect;
using Auth.Server.KeyLifecycle;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using SciLeads.Tests;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Tests.Connect;

/// <summary>Refresh token rotation: all tokens that follow from one consent end together (RFC 9700 §4.14).</summary>
[Category("Slow")]
internal sealed class RefreshTokenTests
{
    private static readonly TimeSpan afterGrace = AuthorizationServer.RefreshGrace + TimeSpan.FromSeconds(1);

    [Test]
    public async Task A_refresh_token_is_rotated_on_use_and_expires_if_unused()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        for (var year = 0; year < 2; year++)
        {
            server.Time.Advance(TimeSpan.FromDays(364));
            var next = await client.Refresh(tokens.RefreshToken!);
            Assert.That(next.RefreshToken, Is.Not.Null.And.Not.EqualTo(tokens.RefreshToken));
            Assert.That((await scim.Introspect(next.AccessToken)).Active);
            tokens = next;
        }

        server.Time.Advance(TimeSpan.FromDays(366));

        using var refused = await client.TryRefresh(tokens.RefreshToken!);
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
    }

    [Test]
    public async Task The_lifetime_of_an_unused_refresh_token_is_a_setting()
    {
        await using var server = await AuthServer.Start("--Auth:UnusedRefreshTokenLifetime=30.00:00:00");
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        server.Time.Advance(TimeSpan.FromDays(29));
        tokens = await client.Refresh(tokens.RefreshToken!);
        server.Time.Advance(TimeSpan.FromDays(30) + TimeSpan.FromSeconds(1));

        using var refused = await client.TryRefresh(tokens.RefreshToken!);

        Assert.That((int)refused.StatusCode, Is.EqualTo(400));
    }

    [Test]
    [Category("Check 31")]
    [Category("Check 35")]
    public async Task Retries_and_concurrent_refreshes_get_the_same_successor_on_every_node()
    {
        await using var server = await AuthServer.Start();
        await using var other = TestPostgres.IsWanted ? await server.StartNode() : null;
        AuthServer[] nodes = [server, other ?? server];
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();

        var answers = await Task.WhenAll(Enumerable.Range(0, RefreshTokens.MaxUses - 1)
            .Select(i => client.Refresh(first.RefreshToken!, nodes[i % 2])));
        server.Time.Advance(AuthorizationServer.RefreshGrace - TimeSpan.FromSeconds(1));
        answers = [.. answers, await client.Refresh(first.RefreshToken!)];

        var rows = await server.WithDatabase(db => db.Tokens.CountAsync(
            token => token.Type == TokenTypeIdentifiers.RefreshToken));
        Assert.That(rows, Is.EqualTo(2), "the first and one successor");
        foreach (var answer in answers)
            Assert.That((await scim.Introspect(answer.AccessToken)).Active);
        var next = await Task.WhenAll(answers.Select(answer => client.Refresh(answer.RefreshToken!)));
        rows = await server.WithDatabase(db => db.Tokens.CountAsync(
            token => token.Type == TokenTypeIdentifiers.RefreshToken));
        Assert.That(rows, Is.EqualTo(3), "all were the same token");
        Assert.That((await client.Refresh(next[^1].RefreshToken!)).RefreshToken, Is.Not.Null);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Using_a_refresh_token_more_than_ten_times_ends_its_grant(bool atOnce)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();
        var uses = new List<HttpResponseMessage>();
        if (atOnce)
        {
            uses.AddRange(await Task.WhenAll(Enumerable.Range(0, RefreshTokens.MaxUses + 1)
                .Select(_ => client.TryRefresh(first.RefreshToken!))));
        }
        else
        {
            for (var use = 0; use <= RefreshTokens.MaxUses; use++)
                uses.Add(await client.TryRefresh(first.RefreshToken!));
        }

        Assert.That(uses.Count(use => use.IsSuccessStatusCode), Is.EqualTo(RefreshTokens.MaxUses));
        using var refused = uses.Single(use => !use.IsSuccessStatusCode);
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        foreach (var use in uses.Where(use => use.IsSuccessStatusCode))
        {
            var tokens = await use.Json();
            Assert.That((await scim.Introspect(tokens.GetProperty("access_token").GetString()!)).Active, Is.False);
            using var late = await client.TryRefresh(tokens.GetProperty("refresh_token").GetString()!);
            Assert.That(late.IsSuccessStatusCode, Is.False);
            use.Dispose();
        }
        Assert.That((await scim.Introspect(first.AccessToken)).Active, Is.False);
    }

    [Test]
    public async Task A_successor_is_encrypted_with_its_own_key_again_after_a_rotation()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();
        // The announced key is used as soon as all caches have it.
        server.Time.Advance(TimeSpan.FromDays(3));
        var before = await client.Refresh(first.RefreshToken!);
        await server.With<KeyRotation, int>(async keys =>
        {
            await keys.Rotate(CancellationToken.None);
            return 0;
        });

        var after = await client.Refresh(first.RefreshToken!);

        Assert.That(
            KeyOf(after.RefreshToken!),
            Is.EqualTo(KeyOf(before.RefreshToken!)).And.EqualTo(KeyOf(first.RefreshToken!)));
        Assert.That(
            KeyOf((await client.Refresh(after.RefreshToken!)).RefreshToken!),
            Is.Not.EqualTo(KeyOf(first.RefreshToken!)));
        Assert.That((await client.Refresh(before.RefreshToken!)).RefreshToken, Is.Not.Null, "it is the same token");
        static string KeyOf(string token) => new JsonWebToken(token).Kid;
    }

    [Test]
    public async Task A_successor_whose_key_was_withdrawn_is_replaced()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();
        server.Time.Advance(TimeSpan.FromDays(3));
        await server.With<KeyRotation, int>(async keys =>
        {
            await keys.Rotate(CancellationToken.None);
            return 0;
        });
        var lost = await client.Refresh(first.RefreshToken!);
        await server.With<KeyRotation, Withdrawal>(keys => keys.Withdraw(
            new JsonWebToken(lost.RefreshToken).Kid, CancellationToken.None));

        var next = await client.Refresh(first.RefreshToken!);

        Assert.That((await client.Refresh(next.RefreshToken!)).RefreshToken, Is.Not.Null);
    }

    [Test]
    [Category("Check 31")]
    [Category("Check 32")]
    public async Task Using_a_refresh_token_again_later_ends_its_grant_and_nothing_else()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var own = await client.ClientCredentialsToken();
        var first = await client.Tokens();
        var second = await client.Refresh(first.RefreshToken!);
        server.Time.Advance(afterGrace);

        using var replay = await client.TryRefresh(first.RefreshToken!);
        using var newest = await client.TryRefresh(second.RefreshToken!);

        Assert.That(replay.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await replay.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        Assert.That(newest.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await scim.Introspect(second.AccessToken)).Active, Is.False);
        Assert.That((await scim.Introspect(first.AccessToken)).Active, Is.False);
        Assert.That((await scim.Introspect(own)).Active, "the client's own token");
        Assert.That((await client.Tokens()).RefreshToken, Is.Not.Null, "a new consent");
    }

    [Test]
    [Category("Check 35")]
    public async Task A_refresh_in_progress_does_not_outlive_the_end_of_its_grant()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();
        var newest = await client.Refresh(first.RefreshToken!);
        server.Time.Advance(afterGrace);

        var refreshes = Enumerable.Range(0, 10).Select(_ => client.TryRefresh(newest.RefreshToken!)).ToList();
        refreshes.Insert(5, client.TryRefresh(first.RefreshToken!));
        foreach (var response in await Task.WhenAll(refreshes))
        {
            using (response)
            {
                if (!response.IsSuccessStatusCode)
                    continue;
                var tokens = await response.Json();
                using var again = await client.TryRefresh(tokens.GetProperty("refresh_token").GetString()!);
                Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
                var access = tokens.GetProperty("access_token").GetString()!;
                Assert.That((await scim.Introspect(access)).Active, Is.False);
            }
        }
    }

    [Test]
    [Category("Check 17")]
    [Category("Check 18")]
    public async Task Using_a_code_again_ends_the_tokens_that_it_was_exchanged_for()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var own = await client.ClientCredentialsToken();
        var code = await client.Code();
        using var first = await client.Redeem(code);
        var tokens = await first.Json();

        using var replay = await client.Redeem(code);

        Assert.That(replay.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await scim.Introspect(tokens.GetProperty("access_token").GetString()!)).Active, Is.False);
        Assert.That((await scim.Introspect(own)).Active);
    }

    [Test]
    public async Task A_client_that_is_allowed_again_must_refresh_with_the_new_token_and_loses_no_request()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var old = await client.Tokens();
        server.Time.Advance(TimeSpan.FromMinutes(1));

        var consent = await client.Ask();
        var unused = await client.Code();
        Assert.That((await client.Refresh(old.RefreshToken!)).RefreshToken, Is.Not.Null, "nothing has replaced it yet");
        var current = await client.Tokens();

        Assert.That(consent.Text, Does.Contain("ada@example.com").And.Contain("allowed this before"));
        using var refused = await client.TryRefresh(old.RefreshToken!);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await refused.Json()).GetProperty("error_description").GetString(), Does.Contain("allowed the client again"));
        Assert.That((await scim.Introspect(old.AccessToken)).Active, "until it expires");
        Assert.That((await client.Refresh(current.RefreshToken!)).RefreshToken, Is.Not.Null);
        using var late = await client.Redeem(unused);
        Assert.That(late.IsSuccessStatusCode, "an earlier code is a separate consent");
        Assert.That(
            (await client.Refresh(current.RefreshToken!)).RefreshToken, Is.Not.Null, "and replaces nothing newer");
    }

    [TestCase("refresh_token")]
    [TestCase("access_token")]
    [Category("Check 54")]
    public async Task Revoking_a_refresh_token_ends_its_access_tokens_and_revoking_an_access_token_only_itself(string which)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var own = await client.ClientCredentialsToken();
        var first = await client.Tokens();
        var second = await client.Refresh(first.RefreshToken!);

        using var answer = await client.Post(
            "connect/revoke", ("token", which == "refresh_token" ? second.RefreshToken! : second.AccessToken));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await scim.Introspect(second.AccessToken)).Active, Is.False);
        Assert.That((await scim.Introspect(first.AccessToken)).Active, Is.EqualTo(which == "access_token"));
        using var refreshed = await client.TryRefresh(second.RefreshToken!);
        Assert.That(refreshed.IsSuccessStatusCode, Is.EqualTo(which == "access_token"));
        Assert.That((await scim.Introspect(own)).Active);
    }

    [Test]
    [Category("Check 55")]
    public async Task A_client_cannot_revoke_the_tokens_of_another_one()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        var other = await server.Generate(
            await server.CreateAccount("Other"), Shared.Contracts.CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        foreach (var token in new[] { tokens.AccessToken, tokens.RefreshToken!, "unknown" })
        {
            using var answer = await http.Send(
                "connect/revoke", OAuthClient.Basic(other.Set.ClientId, other.ClientSecret), ("token", token));
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), "RFC 7009 §2.2");
        }

        Assert.That((await scim.Introspect(tokens.AccessToken)).Active);
        Assert.That((await client.Refresh(tokens.RefreshToken!)).AccessToken, Is.Not.Empty);
    }
}
