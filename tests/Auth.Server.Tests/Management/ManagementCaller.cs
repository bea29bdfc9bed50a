using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

/// <summary>A client of the management API, with its own key and token.</summary>
internal sealed class ManagementCaller : IDisposable
{
    private readonly ResourceServer client;
    private readonly HttpClient http;

    private ManagementCaller(ResourceServer client, HttpClient http, string clientId) =>
        (this.client, this.http, ClientId) = (client, http, clientId);

    public string ClientId { get; }

    /// <summary>Registers a client, optionally limited to an account, and obtains a token with all its scopes.</summary>
    public static async Task<ManagementCaller> Register(
        AuthServer server, Account? account = null, bool readOnly = false, string name = "rotation")
    {
        var clientId = "";
        var client = await ResourceServer.Register(server, jwks => server.With<ManagementClients, string>(
            async clients => clientId = (await clients.Add(
                new(name, jwks, account?.Id, readOnly, TestOperations.Actor()), CancellationToken.None)).ClientId!));
        var caller = new ManagementCaller(client, server.CreateClient(), clientId);
        var scopes = ManagementClients.Scopes.Where(scope => !readOnly || scope != ManagementClients.WriteCredentials);
        using var granted = await caller.RequestToken(string.Join(' ', scopes));
        var token = (await granted.Json()).GetProperty("access_token").GetString()!;
        caller.http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return caller;
    }

    public Task<HttpResponseMessage> RequestToken(string scope) => client.Post(
        AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", scope));

    public Task<HttpResponseMessage> Get(string path, params (string Name, string Value)[] headers) =>
        Send(HttpMethod.Get, path, null, headers);

    /// <summary>Posts a request with an idempotency key; without one, the header is not sent.</summary>
    public Task<HttpResponseMessage> Post(
        string path, object? body = null, string? key = null, params (string Name, string Value)[] headers) => Send(
        HttpMethod.Post,
        path,
        body as string ?? (body is null ? null : JsonSerializer.Serialize(body)),
        key is null ? headers : [.. headers, ("Idempotency-Key", key)]);

    /// <summary>Posts a body that need not be text.</summary>
    public async Task<HttpResponseMessage> PostBytes(string path, byte[] body, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("Idempotency-Key", key);
        request.Content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        return await http.SendAsync(request);
    }

    /// <summary>Posts a request that must succeed, and returns the response.</summary>
    public async Task<JsonElement> Do(string path, object? body = null, string? key = null)
    {
        using var response = await Post(path, body, key ?? $"{Guid.NewGuid()}");
        Assert.That((int)response.StatusCode, Is.InRange(200, 201), await response.Content.ReadAsStringAsync());
        return await response.Json();
    }

    public static string SetsOf(Account account) => $"{AuthServerPaths.Accounts}/{account.Id}/credential-sets";

    public static string PathOf(Account account, JsonElement set) =>
        $"{SetsOf(account)}/{set.GetProperty("id").GetGuid()}";

    public void Dispose()
    {
        http.Dispose();
        client.Dispose();
    }

    private async Task<HttpResponseMessage> Send(
        HttpMethod method, string path, string? body, (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
        }
        return await http.SendAsync(request);
    }
}
