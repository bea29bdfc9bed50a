using System.Net;
using System.Security.Claims;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Issuance;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

[Category("Slow")]
public sealed class IntrospectionTests
{
    [TestCase(CredentialMethods.DirectJwt)]
    [TestCase(CredentialMethods.OAuth2)]
    public async Task A_live_token_is_returned_with_its_account_rules_and_credential_set(string method)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = await server.Generate(account, method);
        var token = await TokenOf(server, issued);

        var answer = await scim.Introspect(token);

        Assert.Multiple(() =>
        {
            Assert.That(answer.Active);
            Assert.That(answer.Scope, Is.EqualTo(Scopes.Scim));
            Assert.That(answer.Account!.Id, Is.EqualTo(account.Id));
            Assert.That(answer.Account.ScimEnabled);
            Assert.That(answer.Account.Licences.Single().Seats, Is.EqualTo(100));
            Assert.That(answer.CredentialSet!.Id, Is.EqualTo(issued.Set.Id));
            Assert.That(answer.CredentialSet.Generation, Is.EqualTo(issued.Set.Generation));
            Assert.That(answer.CredentialSet.Method, Is.EqualTo(method));
            Assert.That(answer.ExpiresIn, Is.GreaterThan(3500));
            Assert.That(answer.Act, Is.Null);
        });
    }

    [Test]
    public async Task The_account_is_returned_with_all_its_settings()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount(settings: new(
            ScimEnabled: true, Domains: ["acme.example", "acme.test"], AttributeRules: AttributeRuleSets.Rfc,
            RateLimit: 77,
            Licences: new Dictionary<string, int> { ["portal"] = 100, ["insights"] = 5 }));
        var token = await TokenOf(server, await server.Generate(account, CredentialMethods.DirectJwt));
        // Each switch alone, so that two that are mixed up would be noticed.
        AccountChange[] changes =
        [
            new(), new(RestoreInactive: true), new(RestoreInactive: false, OmitPagination: true),
            new(OmitPagination: false),
            new(Suspended: true), new(Suspended: false, ScimEnabled: false), new(RateLimit: 0),
        ];
        foreach (var change in changes)
        {
            var changed = await server.With(
                (AccountRegister accounts) => accounts.Update(account.Id, change, CancellationToken.None));
            Assert.That(
                JsonSerializer.Serialize((await scim.Introspect(token)).Account),
                Is.EqualTo(JsonSerializer.Serialize(changed.ToPolicy())), $"{change}");
        }
    }

    [TestCase(CredentialMethods.DirectJwt)]
    [TestCase(CredentialMethods.OAuth2)]
    public async Task A_token_ends_with_its_set_and_the_next_set_has_a_higher_generation(string method)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var old = await TokenOf(server, await server.Generate(account, method));
        var before = (await scim.Introspect(old)).CredentialSet!;

        var current = await TokenOf(server, await server.Generate(account, method));

        Assert.That((await scim.Introspect(old)).Active, Is.False);
        Assert.That((await scim.Introspect(current)).CredentialSet!.Generation, Is.GreaterThan(before.Generation));
    }

    [Test]
    public async Task A_direct_JWT_is_valid_for_exactly_365_days()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var token = (await server.Generate(await server.CreateAccount())).Token!;

        server.Time.Advance(TimeSpan.FromDays(365) - TimeSpan.FromSeconds(1));
        Assert.That((await scim.Introspect(token)).ExpiresIn, Is.EqualTo(1));
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [Test]
    public async Task An_access_token_is_not_valid_longer_than_its_set()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(), TimeSpan.FromMinutes(10)),
            CancellationToken.None));
        var token = await TokenOf(server, issued);

        Assert.That((await scim.Introspect(token)).ExpiresIn, Is.EqualTo(600));
        server.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [Test]
    [Category("Check 44")]
    public async Task A_signed_JWT_without_a_row_is_not_active()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount());
        var real = new JsonWebToken(issued.Token);

        foreach (var tokenId in new[] { null, Guid.NewGuid().ToString(), "nonsense" })
        {
            var identity = new ClaimsIdentity(real.Claims.Where(claim => claim.Type is not ("oi_tkn_id" or "aud")));
            if (tokenId is not null)
                identity.AddClaim(new("oi_tkn_id", tokenId));
            var forged =
                new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
                    .CreateToken(new SecurityTokenDescriptor
            {
                Subject = identity,
                Audience = Audiences.Scim,
                TokenType = "at+jwt",
                SigningCredentials = server.Services
                    .GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials[0],
            });
            Assert.That((await scim.Introspect(forged)).Active, Is.False, $"oi_tkn_id {tokenId ?? "absent"}");
        }
    }

    [Test]
    public async Task A_token_is_not_valid_through_the_row_of_another_set()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var mine = new JsonWebToken((await server.Generate(await server.CreateAccount("one"))).Token);
        var other = new JsonWebToken((await server.Generate(await server.CreateAccount("two"))).Token);

        var identity = new ClaimsIdentity(mine.Claims.Where(claim => claim.Type is not ("oi_tkn_id" or "aud")));
        identity.AddClaim(new("oi_tkn_id", other.GetClaim("oi_tkn_id").Value));
        var mixed =
            new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Subject = identity,
            Audience = Audiences.Scim,
            TokenType = "at+jwt",
            SigningCredentials = server.Services
                .GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>().CurrentValue.SigningCredentials[0],
        });

        Assert.That((await scim.Introspect(mixed)).Active, Is.False);
    }

    [TestCase("nonsense")]
    [TestCase("a.b.c")]
    [TestCase("eyJhbGciOiJub25lIn0.e30.")]
    [Category("Check 52")]
    public async Task Rubbish_is_not_active(string token)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [Test]
    [Category("Check 53")]
    public async Task A_resource_server_learns_nothing_about_a_token_for_another_one()
    {
        await using var server = await AuthServer.Start();
        using var other = await ResourceServer.Register(server, "other");
        var token = (await server.Generate(await server.CreateAccount())).Token!;

        using var response = await other.Post(AuthServerPaths.Introspection, ("token", token));

        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("demo").IgnoreCase);
        Assert.That((await response.Json()).GetProperty("active").GetBoolean(), Is.False);
    }

    [Test]
    [Category("Check 49")]
    public async Task A_client_of_a_credential_set_may_not_introspect()
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        var token = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);

        using var response = await http.Send(
            AuthServerPaths.Introspection, null,
            ("token", token), ("client_id", issued.Set.ClientId!), ("client_secret", issued.ClientSecret!));

        Assert.That(response.IsSuccessStatusCode, Is.False);
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("active"));
    }

    [Test]
    [Category("Check 50")]
    [Category("Check 51")]
    public async Task Only_POST_is_accepted_and_no_response_is_stored()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();

        using var get = await http.GetAsync(new Uri($"{AuthServerPaths.Introspection}?token=x", UriKind.Relative));
        using var post = await scim.Post(AuthServerPaths.Introspection, ("token", "x"));

        Assert.That(get.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(post.Headers.CacheControl?.NoStore, Is.True);
    }

    [Test]
    [Category("Check 49")]
    public async Task An_unauthenticated_caller_is_refused_with_401()
    {
        await using var server = await AuthServer.Start();
        using var registered = await ResourceServer.Register(server);
        using var http = server.CreateClient();

        using var response = await http.Send(
            AuthServerPaths.Introspection, null, ("token", "x"), ("client_id", Audiences.Scim));

        Assert.That((int)response.StatusCode, Is.AnyOf(400, 401));
        Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain("active"));
    }

    [Test]
    public async Task A_portal_token_names_its_administrator_and_ends_with_the_session()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var administrator = await server.CreateAdministrator(account, "ada@example.com");
        var session = (await server.With((SignIn signIn) =>
            signIn.Try("ada@example.com", AuthServer.Password, new(), CancellationToken.None))).Session!;
        var token = await server.With((TokenIssuer tokens) => tokens.Issue(
            account.Id, "portal", [Scopes.Scim, Scopes.Portal], server.Time.GetUtcNow().UtcDateTime.AddMinutes(5),
            (IssuedUnder.Session, session.Id.ToString())));

        var answer = await scim.Introspect(token);
        Assert.Multiple(() =>
        {
            Assert.That(answer.Active);
            Assert.That(answer.CredentialSet, Is.Null);
            Assert.That(answer.Act!.Subject, Is.EqualTo(administrator.Id.ToString()));
            Assert.That(answer.Act.Email, Is.EqualTo("ada@example.com"));
            Assert.That(answer.Act.ReadOnly, Is.False);
            Assert.That(answer.Account!.Id, Is.EqualTo(account.Id));
        });

        await server.With(async (Memberships memberships) =>
        {
            await memberships.ChangeRole(new("ada@example.com"), true, TestOperations.Actor(), CancellationToken.None);
            return true;
        });
        Assert.That((await scim.Introspect(token)).Act!.ReadOnly);

        await server.With((AdministratorRegister register) =>
            register.SignOut("ada@example.com", CancellationToken.None));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    private static async Task<string> TokenOf(AuthServer server, Auth.Server.Credentials.IssuedCredentials issued)
    {
        if (issued.Token is not null)
            return issued.Token;
        using var http = server.CreateClient();
        return await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
    }
}
