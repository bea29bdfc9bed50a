using System.Net;
using Auth.Server.Connect;

namespace Auth.Server.Tests.Connect;

/// <summary>Families of tokens: what follows from one consent lives and dies together (RFC 9700 §4.14).</summary>
internal sealed class RefreshTokenTests
{
    private static readonly TimeSpan afterGrace = AuthorizationServer.RefreshGrace + TimeSpan.FromSeconds(1);

    [Test]
    public async Task A_refresh_token_survives_a_year_of_silence_and_is_rotated()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();

        server.Time.Advance(TimeSpan.FromDays(400));

        var second = await client.Refresh(first.RefreshToken!);
        Assert.That(second.RefreshToken, Is.Not.Null.And.Not.EqualTo(first.RefreshToken));
        Assert.That((await scim.Introspect(second.AccessToken)).Active);
    }

    [Test]
    [Category("Check 31")]
    [Category("Check 35")]
    public async Task A_client_that_lost_the_answer_or_asks_twice_at_once_is_served()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var first = await client.Tokens();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.Refresh(first.RefreshToken!)));
        server.Time.Advance(AuthorizationServer.RefreshGrace - TimeSpan.FromSeconds(1));
        await client.Refresh(first.RefreshToken!);

        foreach (var answer in answers)
            await client.Refresh(answer.RefreshToken!);
    }

    [Test]
    [Category("Check 31")]
    [Category("Check 32")]
    public async Task A_refresh_token_that_is_used_again_later_ends_its_family_and_nothing_else()
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
    public async Task No_refresh_that_is_under_way_outlives_the_end_of_its_family()
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
    public async Task A_code_that_is_used_again_ends_what_it_was_traded_for()
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
    public async Task A_client_that_is_allowed_anew_refreshes_with_the_new_token_and_loses_no_request()
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
        Assert.That((await refused.Json()).GetProperty("error_description").GetString(), Does.Contain("anew"));
        Assert.That((await scim.Introspect(old.AccessToken)).Active, "until it runs out");
        Assert.That((await client.Refresh(current.RefreshToken!)).RefreshToken, Is.Not.Null);
        using var late = await client.Redeem(unused);
        Assert.That(late.IsSuccessStatusCode, "a code of before is a consent of its own");
        Assert.That((await client.Refresh(current.RefreshToken!)).RefreshToken, Is.Not.Null, "and replaces nothing newer");
    }

    [TestCase("refresh_token")]
    [TestCase("access_token")]
    [Category("Check 54")]
    public async Task A_revoked_refresh_token_takes_its_access_tokens_along_and_an_access_token_goes_alone(string which)
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
    public async Task Nobody_revokes_the_tokens_of_another_client()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        var other = await server.Generate(await server.CreateAccount("Other"), Shared.Contracts.CredentialMethods.OAuth2);
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
