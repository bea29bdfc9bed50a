using System.Net;
using System.Text.Json;

namespace Scim.Api.Tests;

/// <summary>A SCIM error as it was received (RFC 7644 §3.12).</summary>
internal sealed record SentError(HttpStatusCode Status, string? ScimType, string Detail)
{
    /// <summary>Reads it, and checks what every error has.</summary>
    public static async Task<SentError> Of(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.That(response.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"), text);
        var body = JsonDocument.Parse(text).RootElement;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                body.GetProperty("schemas")[0].GetString(), Is.EqualTo("urn:ietf:params:scim:api:messages:2.0:Error"));
            Assert.That(body.GetProperty("status").GetString(), Is.EqualTo($"{(int)response.StatusCode}"));
            Assert.That(body.GetProperty("detail").GetString(), Is.Not.Empty);
        }
        var scimType = body.TryGetProperty("scimType", out var type) ? type.GetString() : null;
        return new(response.StatusCode, scimType, body.GetProperty("detail").GetString()!);
    }
}
