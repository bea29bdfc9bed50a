using System.Text;
using Benchmarks.Tokens;
using Shared.Contracts;

namespace Benchmarks;

/// <summary>What is measured: a kind of request to a server.</summary>
internal sealed record Subject(string Name, Server Server, Func<HttpRequestMessage> Next)
{
    public Task<Cost> Measure(int requests) => Server.Send(requests, Next);
}

/// <summary>The requests that are measured, each for a random user.</summary>
internal static class Subjects
{
    private static int created;

    public static Subject Get(Server server, Database database, string name) =>
        new(name, server, () => Request(HttpMethod.Get, $"Users/{SeededUsers.Id(Any(database))}"));

    public static Subject GetAs(string token, Server server, Database database, string name) => new(
        name,
        server,
        () =>
        {
            var request = Request(HttpMethod.Get, $"Users/{SeededUsers.Id(Any(database))}");
            request.Headers.Authorization = new("Bearer", token);
            return request;
        });

    public static Subject Find(Server server, Database database, string name, Func<int, string> filter) => new(
        name,
        server,
        () => Request(HttpMethod.Get, "Users?filter=" + Uri.EscapeDataString(filter(Any(database)))));

    public static Subject List(Server server, int count) =>
        new($"GET /Users?count={count}", server, () => Request(HttpMethod.Get, $"Users?count={count}"));

    public static Subject Create(Server server, Database database) => new(
        "POST /Users",
        server,
        () => Request(HttpMethod.Post, "Users", SeededUsers.Body(database.Users + Interlocked.Increment(ref created))));

    public static Subject Patch(Server server, Database database) => new(
        "PATCH /Users/{id}",
        server,
        () => Request(
            HttpMethod.Patch,
            $"Users/{SeededUsers.Id(Any(database))}",
            $$"""
            {
              "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
              "Operations": [{"op": "replace", "path": "title", "value": "{{Guid.NewGuid()}}"}]
            }
            """));

    /// <summary>The introspection request of Scim.Api; the bare API only needs a secret.</summary>
    public static Subject Introspect(Server server, IssuedTokens issued, string name) => new(
        name,
        server,
        () => Form(
            AuthServerPaths.Introspection,
            ("token", OneOf(issued.Jwts)),
            ("client_id", Audiences.Scim),
            ("client_secret", name.StartsWith(' ') ? "secret" : null),
            ("client_assertion_type",
                name.StartsWith(' ') ? null : "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", name.StartsWith(' ') ? null : issued.Assertion)));

    public static Subject ClientCredentials(Server server, IssuedTokens issued, string name) => new(
        name,
        server,
        () =>
        {
            var (id, secret) = OneOf(issued.Clients);
            return Form(
                AuthServerPaths.Token, ("grant_type", "client_credentials"), ("client_id", id),
                ("client_secret", secret));
        });

    /// <summary>A page of a walk by index.</summary>
    public static HttpRequestMessage Page(int startIndex, int count) =>
        Request(HttpMethod.Get, $"Users?startIndex={startIndex}&count={count}");

    // The random numbers spread the load and are not secrets.
#pragma warning disable CA5394
    private static int Any(Database database) => Random.Shared.Next(database.Users);

    private static T OneOf<T>(List<T> all) => all[Random.Shared.Next(all.Count)];
#pragma warning restore CA5394

    private static HttpRequestMessage Form(string path, params (string Name, string? Value)[] fields) =>
        new(HttpMethod.Post, new Uri("/" + path, UriKind.Relative))
        {
            Content = new FormUrlEncodedContent(
                fields.Where(field => field.Value is not null).Select(
                    field => KeyValuePair.Create(field.Name, field.Value!))),
        };

    private static HttpRequestMessage Request(HttpMethod method, string path, string? body = null) =>
        new(method, new Uri("/scim/v2/" + path, UriKind.Relative))
        {
            Headers = { Accept = { new("application/scim+json") } },
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/scim+json"),
        };
}
