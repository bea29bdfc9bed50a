using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Auth.Server;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests;
using CsCheck;
using Shared.Contracts;

namespace Cluster.Tests.Interleavings;

/// <summary>An operation on an account. The number chooses among the existing sets, and among variants.</summary>
internal sealed record Step(StepKind Kind, int Choice);

internal enum StepKind
{
    Generate,
    StageManual,
    StageFirstUse,
    Activate,
    Revoke,
    Expire,
    Introspect,
    Read,
    Write,
}

/// <summary>
/// Random operations by several concurrent callers on one account: everything that they observed is consistent with the
/// rule (<see cref="History"/>), and in the end the account's one active set works. <c>TEST_NIGHTLY=1</c> tries many
/// more.
/// </summary>
public sealed class InterleavingTests
{
    private const int Hands = 4;

    private static readonly int tries = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 15 : 1_000;

    private static readonly Gen<Step[]> steps = Gen.Select(
        Gen.Frequency(
            (2, Gen.Const(StepKind.Generate)),
            (2, Gen.Const(StepKind.StageManual)),
            (2, Gen.Const(StepKind.StageFirstUse)),
            (3, Gen.Const(StepKind.Activate)),
            (1, Gen.Const(StepKind.Revoke)),
            (1, Gen.Const(StepKind.Expire)),
            (4, Gen.Const(StepKind.Introspect)),
            (8, Gen.Const(StepKind.Read)),
            (8, Gen.Const(StepKind.Write))),
        Gen.Int[0, 999],
        (kind, choice) => new Step(kind, choice)).Array[20, 60];

    private Servers servers = null!;
    private HttpClient http = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        servers = await Servers.Start();
        http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false });
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        await servers.DisposeAsync();
    }

    [Test]
    public async Task Concurrent_operations_never_break_the_rule()
    {
        var accepts = 0;
        await steps.SampleAsync(
            async sequence => accepts += await Play(sequence),
            iter: tries,
            threads: 1,
            seed: "0000000000004",
            print: sequence => string.Join('\n', sequence.Select(step => step.ToString())));
        await TestContext.Out.WriteLineAsync($"{tries} sequences, {accepts} admitted, no violation");
        Assert.That(accepts, Is.GreaterThan(2 * tries), "Hardly any request was admitted.");
    }

    private async Task<int> Play(Step[] sequence)
    {
        var play = new Account(servers, http, await servers.OpenAccount());
        // So that there is a set to use from the beginning.
        await play.Do(new(StepKind.Generate, 1));
        var waiting = new ConcurrentQueue<Step>(sequence);
        await Task.WhenAll(Enumerable.Range(0, Hands).Select(_ => Task.Run(async () =>
        {
            while (waiting.TryDequeue(out var step))
                await play.Do(step);
        })));
        var sets = await servers.SetsOf(play.Id);
        if (sets.Any(set => set is { State: CredentialSetState.Staged, Activation: Activation.FirstUse }))
        {
            // An introspection may have begun a first-use activation, which takes some time.
            await Task.Delay(TimeSpan.FromSeconds(2));
            sets = await servers.SetsOf(play.Id);
        }
        Assert.That(play.History.Breaches(sets), Is.Empty);
        await play.RequireOneThatWorks(sets);
        return play.History.Accepts;
    }

    /// <summary>The account on which a sequence is run.</summary>
    private sealed class Account(Servers servers, HttpClient http, Guid id)
    {
        private static readonly TimeSpan shortLife = TimeSpan.FromMinutes(10);

        private readonly ConcurrentDictionary<Guid, IssuedCredentials> issued = new();
        private int made;

        public Guid Id => id;

        public History History { get; } = new();

        public Task Do(Step step) => step.Kind switch
        {
            StepKind.Generate => Refusable(() => Generate(step.Choice, staging: null)),
            StepKind.StageManual => Refusable(() => Generate(step.Choice, Activation.Manual)),
            StepKind.StageFirstUse => Refusable(() => Generate(step.Choice, Activation.FirstUse)),
            StepKind.Activate => Refusable(Activate),
            StepKind.Revoke => Refusable(() => Revoke(step.Choice)),
            StepKind.Expire => Expire(),
            _ => Use(step),
        };

        /// <summary>When all operations have ended, every node admits the active set, and no other.</summary>
        public async Task RequireOneThatWorks(IReadOnlyCollection<CredentialSet> sets)
        {
            foreach (var set in sets.Where(set => issued.ContainsKey(set.Id) && set.State != CredentialSetState.Staged))
            {
                foreach (var node in servers.Scim)
                {
                    Assert.That(
                        await Read(node, issued[set.Id].Token!),
                        Is.EqualTo(
                            set.State == CredentialSetState.Active ? HttpStatusCode.OK : HttpStatusCode.Unauthorized),
                        $"{set.State} set {set.Id} at {node}");
                }
            }
        }

        private async Task Generate(int choice, Activation? staging)
        {
            var active = await servers.With<CredentialHistory, CredentialSet?>(
                history => history.FindActive(id, default));
            var staged = await servers.With<CredentialHistory, CredentialSet?>(
                history => history.FindStaged(id, default));
            var result = await servers.With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
                new(
                    id, active?.Id, CredentialMethods.DirectJwt, TestOperations.Actor(),
                    choice % 3 == 0 ? shortLife : null,
                    Staging: staging is { } activation ? new(activation, TimeSpan.FromMinutes(8), staged?.Id) : null),
                default));
            issued[result.Set.Id] = result;
            if (staging is null)
                History.Activated(result.Set.Id);
        }

        private async Task Activate()
        {
            if (await servers.With<CredentialHistory, CredentialSet?>(history => history.FindStaged(id, default)) is not { } staged)
                return;
            History.Activates(staged.Id, Stopwatch.GetTimestamp());
            await servers.With<CredentialSets, CredentialSet>(sets => sets.Activate(id, staged.Id, "a test", default));
            History.Activated(staged.Id);
        }

        private async Task Revoke(int choice)
        {
            if (Choose(choice) is not { } set)
                return;
            await servers.With<CredentialSets>(sets => sets.Revoke(id, set.Set.Id, "a test", default));
            History.Ended(set.Set.Id);
        }

        private async Task Expire()
        {
            servers.Clock.Advance(shortLife / 2);
            var now = servers.Clock.GetUtcNow().UtcDateTime;
            await servers.With<CredentialSets>(sets => sets.EndExpired(default));
            foreach (var set in issued.Values.Where(set => set.Set.ExpiresAt <= now))
                History.Ended(set.Set.Id);
        }

        private async Task Use(Step step)
        {
            if (Choose(step.Choice) is not { Token: { } token } set)
                return;
            var begun = Stopwatch.GetTimestamp();
            var node = servers.Scim[step.Choice % 2];
            var letIn = step.Kind switch
            {
                StepKind.Introspect => await servers.IsActive(token),
                StepKind.Read => await Read(node, token) == HttpStatusCode.OK,
                _ => await Write(node, token) == HttpStatusCode.Created,
            };
            if (letIn)
                History.Accepted(set.Set.Id, begun);
        }

        // The newest sets are used most.
        private IssuedCredentials? Choose(int choice)
        {
            var all = issued.Values.OrderByDescending(set => set.Set.CreatedAt).ThenBy(set => set.Set.Id).ToList();
            return all.Count == 0 ? null : all[Math.Min(choice % 4, all.Count - 1)];
        }

        private async Task<HttpStatusCode> Read(Uri node, string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(node, "/scim/v2/Users?count=1"));
            return await Send(request, token);
        }

        private async Task<HttpStatusCode> Write(Uri node, string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(node, "/scim/v2/Users"))
            {
                Content = new StringContent(
                    $$"""
                    {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"u{{Interlocked.Increment(ref made)}}@example.com",
                    "name":{"givenName":"Ada","familyName":"Lovelace"} }
                    """,
                    Encoding.UTF8,
                    "application/scim+json"),
            };
            return await Send(request, token);
        }

        private async Task<HttpStatusCode> Send(HttpRequestMessage request, string token)
        {
            request.Headers.Authorization = new("Bearer", token);
            using var response = await http.SendAsync(request);
            Assert.That(
                (int)response.StatusCode, Is.AnyOf(200, 201, 401, 503), await response.Content.ReadAsStringAsync());
            return response.StatusCode;
        }

        /// <summary>Another caller was first, so the operation is refused, as it should be.</summary>
        private static async Task Refusable(Func<Task> act)
        {
            try
            {
                await act();
            }
            catch (ProblemException refusal) when (refusal.Status == 409)
            {
            }
        }
    }
}
