using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Auth.Server.Notices;
using Auth.Server.Retention;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Keys;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Shared.Contracts;

namespace Auth.Server.Tests.Data;

/// <summary>Rows that have ended are deleted, and rows that are still needed are kept.</summary>
[Category("Slow")]
public sealed class PruningTests
{
    private static readonly TimeSpan week = Pruning.KeptAfterTheEnd;
    private static readonly TimeSpan second = TimeSpan.FromSeconds(1);

    [Test]
    public async Task Expired_codes_pushed_requests_and_access_tokens_are_deleted_after_minutes()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        using var pushed = await client.Post(
            "connect/par", ("response_type", "code"), ("redirect_uri", AllowedClient.RedirectUri));
        await client.Code();
        var tokens = await client.Tokens();
        using var exchanged = await client.Post(
            AuthServerPaths.Token, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", tokens.AccessToken),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
        await client.ClientCredentialsToken();
        Assert.That(await Tokens(server), Is.EqualTo(7));

        server.Time.Advance(TimeSpan.FromMinutes(20));
        await PruneExpired(server);
        Assert.That(await Tokens(server), Is.EqualTo(4), "codes and the pushed request are deleted");

        server.Time.Advance(TimeSpan.FromMinutes(40) + Pruning.KeptAfterExpiry);
        await PruneExpired(server);
        Assert.That(await Tokens(server), Is.EqualTo(4));

        server.Time.Advance(second);
        await PruneExpired(server);
        Assert.That(await Tokens(server), Is.EqualTo(1), "the refresh token");
        Assert.That((await client.Refresh(tokens.RefreshToken!)).AccessToken, Is.Not.Empty);
    }

    [Test]
    public async Task Used_assertions_are_deleted_when_they_have_expired()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var granted = await scim.Post(
            AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.PollEvents));
        Assert.That(granted.IsSuccessStatusCode);

        server.Time.Advance(TimeSpan.FromMinutes(6));
        await PruneExpired(server);
        Assert.That(await server.WithDatabase(db => db.UsedAssertions.CountAsync()), Is.EqualTo(1));

        server.Time.Advance(Pruning.KeptAfterExpiry + second);
        await PruneExpired(server);
        Assert.That(await server.WithDatabase(db => db.UsedAssertions.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task An_unused_refresh_token_is_deleted_with_its_grant_a_week_after_it_expired()
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        await client.Tokens();
        server.Time.Advance(TimeSpan.FromDays(365) + week);
        await Prune(server);
        Assert.That((await Tokens(server), await Grants(server)), Is.EqualTo((1, 1)));

        server.Time.Advance(second);
        await Prune(server);
        Assert.That((await Tokens(server), await Grants(server)), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task Live_tokens_and_their_keys_are_kept()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var direct = (await server.Generate(await server.CreateAccount("direct"))).Token!;
        var refreshToken = (await client.Tokens()).RefreshToken!;
        var keys = new[] { await server.KeyInUse(), await server.KeyInUse(KeyUse.Encryption) };

        for (var month = 0; month < 12; month++)
        {
            server.Time.Advance(TimeSpan.FromDays(30));
            await Prune(server);
            await server.Look();
        }

        Assert.That((await scim.Introspect(direct)).Active);
        Assert.That((await client.Refresh(refreshToken)).AccessToken, Is.Not.Empty);
        Assert.That((await server.Keys()).Where(key => keys.Contains(key.Key.Id)).Select(key => key.State),
            Is.EqualTo(new[] { KeyState.Retired, KeyState.Retired }));
    }

    [Test]
    public async Task Reuse_of_a_refresh_token_is_detected_a_year_later()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var stolen = (await client.Tokens()).RefreshToken!;
        var newest = await client.Refresh(stolen);
        for (var month = 0; month < 12; month++)
        {
            server.Time.Advance(TimeSpan.FromDays(30));
            newest = await client.Refresh(newest.RefreshToken!);
            await Prune(server);
        }

        using var thief = await client.TryRefresh(stolen);

        Assert.That((int)thief.StatusCode, Is.EqualTo(400));
        Assert.That((await scim.Introspect(newest.AccessToken)).Active, Is.False);
        using var ended = await client.TryRefresh(newest.RefreshToken!);
        Assert.That((int)ended.StatusCode, Is.EqualTo(400));
    }

    [TestCase("revoked")]
    [TestCase("expired")]
    public async Task Of_an_ended_set_only_its_row_and_audit_entries_are_kept(string end)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server, lifetime: end == "expired" ? TimeSpan.FromHours(2) : null);
        var tokens = await client.Tokens();
        await client.Refresh(tokens.RefreshToken!);
        var encryption = await server.KeyInUse(KeyUse.Encryption);
        server.Time.Advance(TimeSpan.FromHours(2));
        if (end == "revoked")
            await Revoke(server, client.Issued.Set);
        var entries = await server.WithDatabase(db => db.AuditEntries.CountAsync());

        server.Time.Advance(week);
        await Prune(server);
        Assert.That(await Tokens(server), Is.EqualTo(2), "refresh tokens; all others had ended before");
        server.Time.Advance(second);
        await Prune(server);

        Assert.That((await Tokens(server), await Grants(server)), Is.EqualTo((0, 0)));
        var set = await server.WithDatabase(db => db.CredentialSets.SingleAsync());
        Assert.That((set.Id, set.CreatedBy), Is.EqualTo((client.Issued.Set.Id, "a test")));
        Assert.That(
            await server.WithDatabase(db => db.Clients.CountAsync(c => c.CredentialSetId == set.Id)), Is.EqualTo(1));
        Assert.That(await server.WithDatabase(db => db.AuditEntries.CountAsync()), Is.EqualTo(entries));
        await server.Pass(days: 95);
        Assert.That(
            (await server.Keys()).Single(key => key.Key.Id == encryption).State, Is.EqualTo(KeyState.Forgotten));
        using var late = await client.TryRefresh(tokens.RefreshToken!);
        Assert.That((int)late.StatusCode, Is.EqualTo(401), "its client is still unknown");
    }

    [TestCase("revoked")]
    [TestCase("replaced")]
    public async Task The_tokens_of_an_ended_grant_are_deleted_and_those_of_its_successor_kept(string end)
    {
        await using var server = await AuthServer.Start();
        using var client = await AllowedClient.Of(server);
        var ended = await client.Tokens();
        server.Time.Advance(TimeSpan.FromHours(1));
        ended = await client.Refresh(ended.RefreshToken!);
        if (end == "revoked")
            (await client.Post("connect/revoke", ("token", ended.RefreshToken!))).Dispose();
        var current = await client.Tokens();

        server.Time.Advance(week);
        await Prune(server);
        Assert.That(await Grants(server), Is.EqualTo(2), "for a week");
        server.Time.Advance(second);
        await Prune(server);

        Assert.That(await Grants(server), Is.EqualTo(1));
        using var late = await client.TryRefresh(ended.RefreshToken!);
        Assert.That((int)late.StatusCode, Is.EqualTo(400));
        Assert.That((await late.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        Assert.That((await client.Refresh(current.RefreshToken!)).AccessToken, Is.Not.Empty);
    }

    [Test]
    public async Task Ended_sessions_and_links_are_deleted_except_the_newest_session()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var ada = await server.CreateAdministrator(account);
        using (await Browser.SignedIn(server))
            server.Time.Advance(TimeSpan.FromHours(1));
        using (await Browser.SignedIn(server))
            await server.With((AdministratorRegister register) => register.SignOut(ada.Email!, CancellationToken.None));
        var last = server.Time.GetUtcNow().UtcDateTime;
        await server.With((Invitations invitations) => invitations.Invite(
            account.Id, "bob@example.com", "a test", CancellationToken.None));
        await server.With((TokenIssuer tokens) => PortalToken(server, tokens, account.Id));

        server.Time.Advance(week);
        await Prune(server);
        Assert.That(
            (await Count(server, db => db.Sessions), await Count(server, db => db.Invitations)), Is.EqualTo((2, 1)));
        server.Time.Advance(Invitation.Lifetime + second);
        await Prune(server);

        Assert.That(
            (await Count(server, db => db.Sessions), await Count(server, db => db.Invitations)), Is.EqualTo((1, 0)));
        var listed = await server.With(
            (AdministratorRegister register) => register.List(account.Id, CancellationToken.None));
        Assert.That(listed.Single().LastSignIn, Is.EqualTo(last));
    }

    [Test]
    public async Task Notices_about_ended_sets_are_deleted_after_a_year()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var ended = (await server.Generate(account)).Set;
        var active = (await server.Generate(account)).Set;
        await server.WithDatabase(async db =>
        {
            foreach (var set in new[] { ended, active })
            {
                db.Notices.Add(new()
                {
                    AccountId = account.Id,
                    SubjectId = set.Id,
                    Kind = NoticeKind.EndedInUse,
                    Occasion = "",
                    CreatedAt = server.Time.GetUtcNow().UtcDateTime,
                });
            }
            return await db.SaveChangesAsync();
        });
        server.Time.Advance(TimeSpan.FromDays(365));
        await Prune(server);
        Assert.That(await server.WithDatabase(db => db.Notices.CountAsync()), Is.EqualTo(2));

        server.Time.Advance(second);
        await Prune(server);
        Assert.That((await server.WithDatabase(db => db.Notices.SingleAsync())).SubjectId, Is.EqualTo(active.Id));
    }

    [Test]
    public async Task Many_rows_are_deleted_in_steps_even_by_two_nodes_concurrently()
    {
        await using var server = await AuthServer.Start();
        await using var node = SciLeads.Tests.TestPostgres.IsWanted ? await server.StartNode() : null;
        var now = server.Time.GetUtcNow().UtcDateTime;
        await server.WithDatabase(db =>
        {
            for (var i = 0; i < 1200; i++)
            {
                db.UsedAssertions.Add(
                    new() { Id = $"{i}", ExpiresAt = now.AddSeconds(i) + week - Pruning.KeptAfterExpiry });
                db.UsedChallenges.Add(new() { Hash = $"{i}", ExpiresAt = now });
                db.SignInAttempts.Add(new() { Key = $"{i}", ForgottenAt = now });
            }
            return db.SaveChangesAsync();
        });

        server.Time.Advance(week + TimeSpan.FromSeconds(1150));
        node?.Time.Advance(week + TimeSpan.FromSeconds(1150));
        await Task.WhenAll(Prune(server), Prune(node ?? server));

        Assert.That(await Count(server, db => db.UsedAssertions), Is.EqualTo(50));
        Assert.That(await Count(server, db => db.UsedChallenges), Is.Zero);
        Assert.That(await Count(server, db => db.SignInAttempts), Is.Zero);
    }

    [Test]
    public async Task A_running_server_prunes_by_itself()
    {
        await using var server = await AuthServer.Start();
        await server.WithDatabase(db =>
        {
            db.UsedAssertions.Add(new() { Id = "old", ExpiresAt = server.Time.GetUtcNow().UtcDateTime });
            db.UsedChallenges.Add(new() { Hash = "old", ExpiresAt = server.Time.GetUtcNow().UtcDateTime });
            return db.SaveChangesAsync();
        });
        var time = new FakeTimeProvider(server.Time.GetUtcNow() + week);
        using var pruning = new Pruning(
            server.Services.GetRequiredService<IServiceScopeFactory>(), time, NullLogger<Pruning>.Instance);
        await pruning.StartAsync(CancellationToken.None);

        Assert.That(
            async () =>
            {
                time.Advance(TimeSpan.FromMinutes(10));
                return await Count(server, db => db.UsedAssertions) + await Count(server, db => db.UsedChallenges);
            },
            Is.Zero.After(30).Seconds.PollEvery(50).MilliSeconds);
        await pruning.StopAsync(CancellationToken.None);
    }

    private static async Task<string> PortalToken(AuthServer server, TokenIssuer tokens, Guid account) =>
        await tokens.Issue(
        account, "portal", [Scopes.Scim, Scopes.Portal], server.Time.GetUtcNow().UtcDateTime.AddMinutes(5),
        (IssuedUnder.Session, $"{await server.WithDatabase(db => db.Sessions.OrderBy(s => s.StartedAt).Select(s => s.Id).FirstAsync())}"));

    private static Task<bool> Revoke(AuthServer server, CredentialSet set) =>
        server.With<CredentialSets, bool>(async sets =>
    {
        await sets.Revoke(set.AccountId, set.Id, "a test", CancellationToken.None);
        return true;
    });

    private static Task Prune(AuthServer server) =>
        server.Services.GetServices<IHostedService>().OfType<Pruning>().Single().Prune(CancellationToken.None);

    private static Task PruneExpired(AuthServer server) =>
        server.Services.GetServices<IHostedService>().OfType<Pruning>().Single().PruneExpired(CancellationToken.None);

    private static Task<int> Tokens(AuthServer server) => Count(server, db => db.Tokens);

    private static Task<int> Grants(AuthServer server) => Count(server, db => db.Grants);

    private static Task<int> Count<T>(AuthServer server, Func<AuthDbContext, IQueryable<T>> rows) =>
        server.WithDatabase(db => rows(db).CountAsync());
}
