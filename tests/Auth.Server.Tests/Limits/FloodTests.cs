using Auth.Server.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Limits;

/// <summary>Floods of unauthenticated requests are refused early, and do not delay others.</summary>
[NonParallelizable]
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class FloodTests
{
    [Test]
    public async Task Sign_ins_beyond_the_queue_are_refused_uncounted_and_a_known_browser_gets_in()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        using var ada = await Browser.SignedIn(server);
        await ada.Submit(await ada.Open("/"), "Sign out");
        var form = await ada.Open("/sign-in");
        using var stranger = Browser.At(server);
        var page = await stranger.Open("/sign-in");
        var before = await server.WithDatabase(db => db.SignInAttempts.CountAsync());

        var flood = Enumerable.Range(0, 80).Select(i => stranger.Submit(
            page, "Sign in", ("email", $"nobody{i}@example.com"), ("password", "wrong"))).ToList();
        await Task.WhenAny(flood);
        var known = await ada.Submit(form, "Sign in", ("email", "ada@example.com"), ("password", AuthServer.Password));
        var answers = await Task.WhenAll(flood);

        Assert.That(known.Location, Is.EqualTo("/"));
        Assert.That(answers.Select(answer => answer.Status), Is.All.AnyOf(400, 429));
        var refused = answers.Where(answer => answer.Status == 429).ToList();
        Assert.That(refused, Has.Count.GreaterThan(10));
        Assert.That(refused.Select(answer => answer.Header("Retry-After")), Is.All.EqualTo("2"));
        var looked = answers.Length - refused.Count;
        var counted = await server.WithDatabase(db => db.SignInAttempts.CountAsync()) - before;
        Assert.That(counted, Is.InRange(looked * 2, (looked * 2) + 1), "each by its address, alone and in the network");
    }

    [TestCase(AuthServerPaths.Token)]
    [TestCase(AuthServerPaths.Introspection)]
    [TestCase("connect/revoke")]
    [TestCase("connect/par")]
    public async Task Unauthenticated_floods_do_not_delay_authenticated_clients(string path)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();
        var token = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
        Assert.That((await scim.Introspect(token)).Active);
        // More than the free failures, so that requests from this network, the only one here, must queue.
        var flood = Enumerable.Range(0, 200).Select(async i =>
        {
            using var response = await http.PostAsync(new Uri($"/{path}", UriKind.Relative), new FormUrlEncodedContent(
                new Dictionary<string, string>
                {
                    ["client_id"] = i % 2 == 0 ? issued.Set.ClientId! : $"made-up-{i}",
                    ["client_secret"] = "wrong",
                    ["grant_type"] = "client_credentials",
                    ["response_type"] = "code",
                    ["token"] = "x",
                }));
            return (int)response.StatusCode;
        }).ToList();

        for (var i = 0; i < 5; i++)
        {
            Assert.That((await scim.Introspect(token)).Active);
            Assert.That(await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!), Is.Not.Empty);
        }
        Assert.That(await Task.WhenAll(flood), Is.All.AnyOf(400, 401, 429));
    }
}
