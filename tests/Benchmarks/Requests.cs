using System.Globalization;
using Benchmarks.Tokens;
using Shared.Contracts;

namespace Benchmarks;

/// <summary>The requests that are measured.</summary>
internal static class Requests
{
    private const string Users = "/scim/v2/Users";
    public const string ScimJson = "application/scim+json";

    /// <summary>So many different requests that they do not fit into a processor's cache.</summary>
    private const int Variety = 20_000;

    private static readonly Random random = new(1);

    public static Request[] Get(string token, int users) =>
        [.. AnyOf(users).Select(number => new Request("GET", $"{Users}/{SeededUsers.Id(number)}", token))];

    public static Request[] UserNameEq(string token, int users) =>
    [
        .. AnyOf(users).Select(number => new Request(
            "GET",
            $"{Users}?filter=userName%20eq%20%22{SeededUsers.UserName(SeededUsers.Digits(number))}%22",
            token)),
    ];

    public static Request[] FirstPage(string token) => [new("GET", $"{Users}?count=100", token)];

    public static Request[] PageAt(string token, int startIndex) =>
        [new("GET", string.Create(CultureInfo.InvariantCulture, $"{Users}?startIndex={startIndex}&count=100"), token)];

    /// <summary>All pages from the first to the last, for one connection.</summary>
    public static Request[] Walk(string token, int users) =>
        [.. Enumerable.Range(0, users / 100).SelectMany(page => PageAt(token, (page * 100) + 1))];

    /// <summary>Creates a different user each time, in each account in turn.</summary>
    public static Request[] Create(IEnumerable<string> tokens) =>
        [.. tokens.Select(token => With("POST", Users, token, SeededUsers.Body(Request.Number)))];

    /// <summary>Deactivates every user and then reactivates every user, as Okta does it.</summary>
    public static Request[] PatchActive(string token, int users) =>
    [
        .. Enumerable.Range(0, users).Select(number => Activate(token, number, "false")),
        .. Enumerable.Range(0, users).Select(number => Activate(token, number, "true")),
    ];

    /// <summary>The body with which Okta sets <c>active</c>.</summary>
    public static string Activation(string active) =>
        $$$"""
        {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","value":{"active":{{{active}}}}}]}
        """;

    /// <summary>Introspects each token, authenticated with an assertion, as Scim.Api does.</summary>
    public static Request[] Introspect(IssuedTokens issued) =>
    [
        .. issued.Jwts.Select(token => Form(
            AuthServerPaths.Introspection,
            ("token", token),
            ("client_id", Audiences.Scim),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", issued.Assertion))),
    ];

    /// <summary>The same for the floor, which only knows a secret.</summary>
    public static Request[] IntrospectWithSecret(IssuedTokens issued) =>
    [
        .. issued.Jwts.Select(token => Form(
            AuthServerPaths.Introspection,
            ("token", token), ("client_id", Audiences.Scim), ("client_secret", "secret"))),
    ];

    public static Request[] ClientCredentials(IssuedTokens issued) =>
    [
        .. issued.Clients.Select(client => Form(
            AuthServerPaths.Token,
            ("grant_type", "client_credentials"), ("client_id", client.Id), ("client_secret", client.Secret))),
    ];

    // The random numbers spread the load and are not secrets.
#pragma warning disable CA5394
    private static IEnumerable<int> AnyOf(int users) =>
        Enumerable.Range(0, Math.Min(users * 2, Variety)).Select(_ => random.Next(users));
#pragma warning restore CA5394

    private static Request Activate(string token, int number, string active) => With(
        "PATCH",
        $"{Users}/{SeededUsers.Id(number)}",
        token,
        Activation(active));

    private static Request With(string method, string path, string token, string body) =>
        new(method, path, token) { ContentType = ScimJson, Body = body };

    private static Request Form(string path, params (string Name, string Value)[] fields) => new("POST", "/" + path)
    {
        ContentType = "application/x-www-form-urlencoded",
        Body = string.Join('&', fields.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}")),
    };
}
