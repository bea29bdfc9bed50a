using System.Net.Http.Json;
using System.Text.Json;
using Auth.Server.Tests.Connect;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Events;

/// <summary>
/// A node of <c>Scim.Api</c>, as far as <c>Auth.Server</c> sees one: it polls, applies nothing, and acknowledges.
/// </summary>
internal sealed class ScimNode : IDisposable
{
    private readonly HttpClient http;
    private readonly string token;
    private readonly ResourceServer scim;

    private ScimNode(HttpClient http, string token, ResourceServer scim, string name) =>
        (this.http, this.token, this.scim, Name) = (http, token, scim, name);

    public Guid Id { get; } = Guid.NewGuid();

    public string Name { get; }

    /// <summary>A node that has not contacted the server yet.</summary>
    public static async Task<ScimNode> Start(AuthServer server, ResourceServer scim, string name = "scim-1:5002")
    {
        using var response = await scim.Post(
            AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.PollEvents));
        var token = (await response.Json()).GetProperty("access_token").GetString()!;
        return new(server.CreateClient(), token, scim, name);
    }

    public Task<HttpResponseMessage> Send(EventPoll poll) =>
        http.SendAsync(new(HttpMethod.Post, new Uri(AuthServerPaths.EventsPoll, UriKind.Relative))
    {
        Headers = { Authorization = new("Bearer", token) },
        Content = JsonContent.Create(poll),
    });

    public async Task<EventPage> Poll(bool now = false, bool leaves = false, params string[] ack)
    {
        using var response = await Send(new()
        {
            Node = Id, NodeName = Name, Acknowledged = ack, ReturnImmediately = now, Leaves = leaves,
        });
        Assert.That((int)response.StatusCode, Is.EqualTo(200), await response.Content.ReadAsStringAsync());
        var page = (await response.Content.ReadFromJsonAsync<EventPage>())!;
        // On a reset, the node receives the last event, so that it has something to
        // acknowledge, and does so immediately.
        return page is { Reset: true, Sets.Count: > 0 }
            ? page with { Sets = (await Poll(now: true, ack: [.. page.Sets.Keys])).Sets }
            : page;
    }

    /// <summary>Polls without waiting, and returns the response.</summary>
    public async Task<EventPage> PollOnce()
    {
        using var response = await Send(
            new() { Node = Id, NodeName = Name, Acknowledged = [], ReturnImmediately = true });
        return (await response.Content.ReadFromJsonAsync<EventPage>())!;
    }

    /// <summary>Introspects a token as this node.</summary>
    /// <param name="accessToken">The token.</param>
    /// <param name="process">Another process of the server than the node's own.</param>
    public Task<TokenIntrospection> Introspect(string accessToken, HttpClient? process = null) => scim.Introspect(
        process,
        ("token", accessToken),
        (TokenIntrospection.Parameters.Node, Id.ToString()),
        (TokenIntrospection.Parameters.NodeName, Name),
        (TokenIntrospection.Parameters.ClientAddress, "203.0.113.7"),
        (TokenIntrospection.Parameters.ClientUserAgent, "Okta SCIM Client 1.0.0"));

    /// <summary>Polls and acknowledges immediately, until it is stopped.</summary>
    public async Task Serve(CancellationToken until)
    {
        string[] ack = [];
        while (!until.IsCancellationRequested)
            ack = [.. (await Poll(ack.Length > 0, ack: ack)).Sets.Keys];
    }

    /// <summary>An event: its type and its content.</summary>
    public static (string Type, SecurityEvent Content) Read(string securityEventToken)
    {
        var events = new JsonWebToken(securityEventToken).GetPayloadValue<JsonElement>("events").EnumerateObject()
            .Single();
        return (events.Name, events.Value.Deserialize<SecurityEvent>()!);
    }

    public void Dispose() => http.Dispose();
}
