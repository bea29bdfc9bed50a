using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace Scim.Api.Tests;

/// <summary>A response of the server, with its body.</summary>
internal sealed record Answer(HttpStatusCode Status, JsonObject? Json, HttpResponseMessage Message)
{
    public string? Detail => (string?)Json?["detail"];

    public string? ScimType => (string?)Json?["scimType"];

    public JsonNode? this[string name] => Json?[name];

    /// <summary>The response to the first operation of a bulk request, as if it had been sent by itself.</summary>
    public Answer FirstOfBulk() => this with { Json = Json!["Operations"]![0]!["response"]!.AsObject() };

    public override string ToString() => $"{(int)Status} {Json?.ToJsonString()}";
}

/// <summary>Requests as SCIM clients send them.</summary>
internal static class Requests
{
    public const string PatchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

    public static async Task<Answer> Send(
        this HttpClient client,
        string method,
        string path,
        string? body = null,
        string mediaType = "application/scim+json",
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(mediaType);
        }
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer(response.StatusCode, text == "" ? null : JsonNode.Parse(text)!.AsObject(), response);
    }

    public static Task<Answer> Get(this HttpClient client, string path, params (string, string)[] headers) =>
        client.Send("GET", path, headers: headers);

    public static Task<Answer> Post(this HttpClient client, string path, string body) =>
        client.Send("POST", path, body);

    public static Task<Answer> Put(this HttpClient client, string path, string body) => client.Send("PUT", path, body);

    public static Task<Answer> Patch(
        this HttpClient client, string path, string operations, params (string, string)[] headers) =>
        client.Send("PATCH", path, $$"""{"schemas":["{{PatchOp}}"],"Operations":[{{operations}}]}""", headers: headers);

    public static Task<Answer> Delete(this HttpClient client, string path) => client.Send("DELETE", path);

    /// <summary>Creates a user who violates no rule, unless <paramref name="more"/> does.</summary>
    public static async Task<JsonObject> CreateUser(this HttpClient client, string userName, string more = "")
    {
        var answer = await client.Post("Users", NewUser(userName, more));
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Created), answer.ToString());
        return answer.Json!;
    }

    /// <summary>The body that creates a user; <paramref name="more"/> is more members, with a leading comma.</summary>
    public static string NewUser(string userName, string more = "") =>
        $$"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{{userName}}",
         "name":{"givenName":"Ann","familyName":"Lee"}{{more}}}
        """;

    public static string Id(this JsonObject user) => (string)user["id"]!;
}
