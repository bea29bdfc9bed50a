using System.Net;
using System.Net.Sockets;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Audit;

/// <summary>Each change that the portal requests from Scim.Api leaves one entry, whatever the outcome.</summary>
[Category("Slow")]
public sealed class PendingActionsTests
{
    private const string Page = "/settings/user-management";

    private const string Changed = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 28\r\n\r\n"
        + "{\"email\":\"b\",\"changed\":true}";

    /// <summary>How Scim.Api, or a proxy in front of it, behaves after it has received the request.</summary>
    [TestCase("add", "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "Done")]
    [TestCase("add", "HTTP/1.1 409 Conflict\r\nContent-Length: 14\r\n\r\n{\"detail\":\"x\"}", "Refused")]
    [TestCase("add", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "Unknown")]
    [TestCase("add", "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n", "Unknown")]
    [TestCase("add", "", "Unknown", Description = "The connection is closed without a response.")]
    [TestCase("add", "no HTTP", "Unknown")]
    [TestCase("deactivate", Changed, "Done")]
    [TestCase("deactivate", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "Unknown")]
    [TestCase("deactivate", "", "Unknown")]
    [TestCase("reactivate", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "Unknown")]
    public async Task One_entry_records_the_outcome(string what, string answer, string outcome)
    {
        using var scim = new RawServer(answer);
        await using var server = await Server(scim.Address);
        using var ada = await Browser.SignedIn(server);
        var before = await Entries(server);

        var page = await Do(server, ada, what);

        Assert.That(
            (await Entries(server)).Skip(before.Count).Select(entry => $"{entry.Outcome}"),
            Is.EqualTo(new[] { outcome }));
        if (outcome == "Unknown")
            Assert.That(page.Text, Does.Contain("not known whether the change was made"));
        Assert.That(await server.WithDatabase(db => db.PendingActions.CountAsync()), Is.Zero);
    }

    [TestCase("add")]
    [TestCase("deactivate")]
    public async Task A_cancelled_request_leaves_an_entry(string what)
    {
        using var scim = new RawServer(Changed) { Hold = true };
        await using var server = await Server(scim.Address);
        using var ada = await Browser.SignedIn(server);
        var before = (await Entries(server)).Count;
        using var leaving = new CancellationTokenSource();

        var asked = Do(server, ada, what, leaving.Token);
        await scim.Asked;
        await leaving.CancelAsync();
        Assert.That(async () => await asked, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(
            await server.WithDatabase(db => db.PendingActions.CountAsync()), Is.EqualTo(1), "recorded before the request");
        scim.Release();

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await Entries(server)).Count == before)
            await Task.Delay(20, patience.Token);
        var entry = (await Entries(server))[^1];
        Assert.That((entry.Outcome, entry.ActorName), Is.EqualTo((AuditOutcome.Done, "ada@example.com")));
    }

    [Test]
    public async Task A_response_after_the_action_was_given_up_adds_no_second_entry()
    {
        using var scim = new RawServer(Changed) { Hold = true };
        await using var server = await Server(scim.Address);
        using var ada = await Browser.SignedIn(server);
        var before = (await Entries(server)).Count;
        var asked = Do(server, ada, "deactivate");
        await scim.Asked;
        server.Time.Advance(PendingActions.Abandoned + TimeSpan.FromSeconds(1));
        await Close(server);

        scim.Release();
        await asked;

        Assert.That(
            (await Entries(server)).Skip(before).Select(entry => entry.Outcome),
            Is.EqualTo(new[] { AuditOutcome.Unknown }));
    }

    [Test]
    public async Task A_killed_server_leaves_one_entry_with_unknown_outcome()
    {
        await using var server = await Server("http://127.0.0.1:9");
        var account = await server.WithDatabase(db => db.Accounts.Select(one => one.Id).SingleAsync());
        await server.WithDatabase(db =>
        {
            db.PendingActions.Add(new()
            {
                Time = server.Time.GetUtcNow().UtcDateTime,
                AccountId = account,
                ActorKind = ActorKind.Administrator,
                ActorName = "ada@example.com",
                Action = AuditAction.DeactivatePerson,
                About = "a person",
            });
            return db.SaveChangesAsync();
        });
        var before = (await Entries(server)).Count;
        await Close(server);
        Assert.That(await Entries(server), Has.Count.EqualTo(before), "it may still be in progress");

        server.Time.Advance(PendingActions.Abandoned + TimeSpan.FromSeconds(1));
        await Task.WhenAll(Close(server), Close(server));

        var entry = (await Entries(server)).Skip(before).Single();
        Assert.That((entry.Outcome, entry.Action, entry.About), Is.EqualTo(
            (AuditOutcome.Unknown, AuditAction.DeactivatePerson, "a person")));
        Assert.That(entry.Detail, Does.Contain("may have been made"));
    }

    private static Task<bool> Close(AuthServer server) => server.With(async (PendingActions actions) =>
    {
        await actions.CloseAbandoned(CancellationToken.None);
        return true;
    });

    private static async Task<AuthServer> Server(string scim)
    {
        var server = await AuthServer.Start($"--Auth:ScimApiUrl={scim}");
        await server.CreateAdministrator(await server.CreateAccount());
        return server;
    }

    private static Task<List<AuditEntry>> Entries(AuthServer server) =>
        server.WithDatabase(db => db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).ToListAsync());

    private static async Task<Page> Do(
        AuthServer server, Browser browser, string what, CancellationToken leaving = default)
    {
        var form = (await browser.Open("/", CancellationToken.None)).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;
        return await browser.Post(
            what == "add" ? $"{Page}?handler=Add" : $"{Page}/{Guid.NewGuid()}?handler=SetActive",
            leaving,
            ("__RequestVerificationToken", form), ("Email", "bob@example.com"), ("FirstName", "Bob"), ("LastName", "B"),
            ("active", what == "reactivate" ? "true" : "false"), ("Reason", "left"));
    }

    /// <summary>
    /// Answers each request that changes something with the same bytes, and then closes the connection.
    /// </summary>
    private sealed class RawServer : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public RawServer(string answer)
        {
            listener.Start();
            _ = Task.Run(async () =>
            {
                while (true)
                    await Answer(await listener.AcceptTcpClientAsync(), answer);
            });
        }

        public bool Hold { get; init; }

        public string Address => $"http://{listener.LocalEndpoint}";

        /// <summary>Completes when a change has been requested.</summary>
        public Task Asked => asked.Task;

        public void Release() => released.SetResult();

        public void Dispose() => listener.Dispose();

        private async Task Answer(TcpClient client, string answer)
        {
            using (client)
            {
                var stream = client.GetStream();
                var buffer = new byte[16 * 1024];
                var request = "";
                while (!IsWhole(request))
                {
                    var read = await stream.ReadAsync(buffer);
                    if (read == 0)
                        return;
                    request += System.Text.Encoding.UTF8.GetString(buffer, 0, read);
                }
                var isChange = !request.StartsWith("GET", StringComparison.Ordinal);
                if (isChange)
                {
                    asked.TrySetResult();
                    if (Hold)
                        await released.Task;
                }
                await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(
                    isChange ? answer : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
            }
        }

        private static bool IsWhole(string request) => request.Contains("\r\n\r\n", StringComparison.Ordinal)
            && (request.StartsWith("GET", StringComparison.Ordinal)
                || request.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal)
                || (request.Contains("Content-Length", StringComparison.OrdinalIgnoreCase) && request.EndsWith('}')));
    }
}
