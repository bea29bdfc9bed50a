using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// A client of the management API, added with the command of <c>Auth.Server</c>, with the files that scripts need.
/// </summary>
internal sealed class ManagementClient : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly Customer customer;

    private ManagementClient(Customer customer) => this.customer = customer;

    public string Id { get; private set; } = "";

    /// <summary>A temporary folder for its files.</summary>
    public string Folder => folder.Path;

    /// <summary>Its private key, PEM.</summary>
    public string KeyFile => Path.Combine(Folder, "key.pem");

    private string Sets => $"{customer.System.AuthUrl}/management/accounts/{customer.AccountId}/credential-sets";

    /// <summary>Adds a client that is limited to the customer's account.</summary>
    public static async Task<ManagementClient> Add(Customer customer)
    {
        var client = new ManagementClient(customer);
        var point = client.key.ExportParameters(includePrivateParameters: false).Q;
        var jwks = Path.Combine(client.Folder, "jwks.json");
        await File.WriteAllTextAsync(jwks, JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "EC", crv = "P-256", kid = "k1", x = Base64Url(point.X!), y = Base64Url(point.Y!) } },
        }));
        await File.WriteAllTextAsync(client.KeyFile, client.key.ExportECPrivateKeyPem());
        var added = await customer.System.Auth(
            "management-clients", "add", "--name", "rotation", "--jwks", jwks, "--account", customer.AccountId);
        client.Id = (string)added["clientId"]!;
        return client;
    }

    /// <summary>The credential sets, newest first.</summary>
    public async Task<IReadOnlyList<JsonObject>> List()
    {
        var answer = await Send(HttpMethod.Get, Sets);
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
        return [.. answer["credentialSets"]!.AsArray().Select(set => set!.AsObject())];
    }

    /// <summary>Posts a request with an idempotency key, to a path below the account's credential sets.</summary>
    public Task<Answer> Post(string path, string idempotencyKey, JsonNode? body = null) =>
        Send(HttpMethod.Post, Sets + path, idempotencyKey, body);

    public void Dispose()
    {
        http.Dispose();
        key.Dispose();
        folder.Dispose();
    }

    private async Task<Answer> Send(HttpMethod method, string url, string? idempotencyKey = null, JsonNode? body = null)
    {
        using var request = new HttpRequestMessage(method, url);
        request.Headers.Authorization = new("Bearer", await GetToken());
        if (idempotencyKey is not null)
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await http.SendAsync(request);
        return await Answer.Read(response);
    }

    private async Task<string> GetToken()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["scope"] = "credentials.read credentials.write",
            ["client_id"] = Id,
            ["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ["client_assertion"] = Assertion(),
        });
        using var response = await http.PostAsync(new Uri($"{customer.System.AuthUrl}/connect/token"), form);
        var answer = await Answer.Read(response);
        return (string?)answer["access_token"] ?? throw new AssertionException(answer.ToString());
    }

    private string Assertion()
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signed = Encode(new { alg = "ES256", typ = "client-authentication+jwt", kid = "k1" }) + "." + Encode(new
        {
            iss = Id, sub = Id, aud = $"{customer.System.AuthUrl}/", jti = Guid.NewGuid(), iat = now, exp = now + 60,
        });
        return $"{signed}.{Base64Url(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(object json) => Base64Url(JsonSerializer.SerializeToUtf8Bytes(json));

    private static string Base64Url(byte[] bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
