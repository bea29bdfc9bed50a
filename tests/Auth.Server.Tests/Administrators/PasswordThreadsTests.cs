using Auth.Server.Administrators;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Auth.Server.Tests.Administrators;

/// <summary>
/// Password hashes are computed on a few dedicated threads, so that they delay no other requests.
/// </summary>
[Category("AnyDatabase")]
[NonParallelizable]
public sealed class PasswordThreadsTests
{
    private const string New = "another horse, another battery";

    [Test]
    public async Task While_the_threads_are_busy_only_requests_that_need_a_hash_wait()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();
        using var ada = await Browser.SignedIn(server);
        using var stranger = Browser.At(server);
        var invitation = await server.With((Invitations invitations) =>
            invitations.Invite(account.Id, "bob@example.com", "a test", CancellationToken.None));
        var invited = await stranger.Submit(await stranger.Open("/invitation"), "Continue", ("code", invitation.Link));
        var signIn = await stranger.Open("/sign-in");
        var change = await ada.Open("/security/password");
        var confirm = await ada.Open("/security/confirm");

        using var release = new ManualResetEventSlim();
        var threads = server.Services.GetRequiredService<PasswordThreads>();
        // The maximum number of threads.
        var busy = Enumerable.Range(0, 3).Select(_ => threads.Run(() => release.Wait(TimeSpan.FromMinutes(1))))
            .ToList();
        Task<string>[] hashing =
        [
            Result(stranger.Submit(signIn, "Sign in", ("email", "nobody@example.com"), ("password", "wrong"))),
            Result(stranger.Submit(invited, "Set password", ("new", New))),
            Result(ada.Submit(confirm, "Confirm", ("password", AuthServer.Password))),
            Result(ada.Submit(change, "Change password", ("current", AuthServer.Password), ("new", New))),
            Command(server, "administrators", "create", "--account", $"{account.Id}", "--email", "eve@example.com"),
        ];
        for (var i = 0; i < 20; i++)
        {
            var token = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
            Assert.That((await scim.Introspect(token)).Active);
            Assert.That((await stranger.Open("/sign-in")).Status, Is.EqualTo(200));
        }
        Assert.That(hashing.Select(one => one.IsCompleted), Is.All.False, "none of them is computed elsewhere");

        release.Set();
        Assert.That(await Task.WhenAll(busy), Is.All.True);
        Assert.That(await Task.WhenAll(hashing), Is.EqualTo(new[] { "400", "302", "302", "302", "0" }));
    }

    [Test]
    public async Task At_most_half_of_the_processors_are_used_and_no_thread_of_the_pool()
    {
        using var threads = new PasswordThreads();
        var (inside, most) = (0, 0);

        var pooled = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => threads.Run(() =>
        {
            var now = Interlocked.Increment(ref inside);
            lock (threads)
                most = Math.Max(most, now);
            Thread.SpinWait(100_000);
            Interlocked.Decrement(ref inside);
            return Thread.CurrentThread.IsThreadPoolThread;
        })));

        Assert.That(pooled, Is.All.False);
        Assert.That(most, Is.InRange(1, Math.Max(1, Environment.ProcessorCount / 2)));
    }

    private static async Task<string> Result(Task<Page> page) => $"{(await page).Status}";

    private static async Task<string> Command(AuthServer server, params string[] arguments) =>
        $"{(await CommandsTests.Run(server, arguments)).ExitCode}";
}
