using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>A response with its body.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonObject? Json, string? Challenge, string? MediaType)
{
    public JsonNode? this[string name] => Json?[name];

    public string? Detail => (string?)Json?["detail"];

    public override string ToString() => $"{(int)Status} {Json?.ToJsonString()}";

    public static async Task<Answer> Read(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return new(
            response.StatusCode,
            text.StartsWith('{') ? JsonNode.Parse(text)!.AsObject() : null,
            response.Headers.WwwAuthenticate.FirstOrDefault()?.ToString(),
            response.Content.Headers.ContentType?.MediaType);
    }
}

/// <summary>A SCIM client of an identity provider, with Okta's headers.</summary>
internal sealed class ScimClient(string baseUrl, string authorization) : IDisposable
{
    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => TlsProxy.Has(certificate) },
    });

    /// <summary>
    /// Sends a request, and repeats a write that was refused because the node lost its lease meanwhile: on a busy build
    /// machine that happens, and identity providers repeat it, too.
    /// </summary>
    public async Task<Answer> Send(HttpMethod method, string path, JsonNode? body = null)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await SendOnce(method, path, body);
            if (attempt == 10 || answer.Detail?.Contains("could not confirm in time", StringComparison.Ordinal) != true)
                return answer;
            await Task.Delay(TimeSpan.FromSeconds(1));
        }
    }

    private async Task<Answer> SendOnce(HttpMethod method, string path, JsonNode? body)
    {
        using var request = new HttpRequestMessage(method, $"{baseUrl}/{path}");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        request.Headers.TryAddWithoutValidation("User-Agent", "Okta SCIM Client 1.0.0");
        request.Headers.TryAddWithoutValidation("Accept", "application/scim+json");
        if (body is not null)
        {
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8);
            request.Content.Headers.ContentType = new("application/scim+json") { CharSet = "utf-8" };
        }

        using var response = await http.SendAsync(request);
        return await Answer.Read(response);
    }

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path);

    /// <summary>Okta's connection test.</summary>
    public Task<Answer> Test() => Get("Users?startIndex=1&count=2");

    public Task<Answer> Find(string userName) =>
        Get($"Users?filter={Uri.EscapeDataString($"userName eq \"{userName}\"")}&startIndex=1&count=100");

    public Task<Answer> Create(string userName) => Send(HttpMethod.Post, "Users", NewUser(userName));

    public Task<Answer> Patch(string id, string attribute, JsonNode value) => Send(
        HttpMethod.Patch,
        $"Users/{id}",
        new JsonObject
        {
            ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:PatchOp"),
            ["Operations"] = new JsonArray(
                new JsonObject { ["op"] = "replace", ["value"] = new JsonObject { [attribute] = value } }),
        });

    public void Dispose() => http.Dispose();

    /// <summary>What Okta sends for an assigned person.</summary>
    public static JsonObject NewUser(string userName) => new()
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:schemas:core:2.0:User"),
        ["userName"] = userName,
        ["name"] = new JsonObject { ["givenName"] = "Test", ["familyName"] = "User" },
        ["emails"] = new JsonArray(new JsonObject { ["primary"] = true, ["value"] = userName, ["type"] = "work" }),
        ["displayName"] = "Test User",
        ["locale"] = "en-US",
        ["externalId"] = $"00u-{userName}",
        ["groups"] = new JsonArray(),
        ["password"] = "1mz050nq",
        ["active"] = true,
    };
}
