using System.Globalization;
using System.Text.Json;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Bulk;

/// <summary>
/// The result of an operation (RFC 7644 §3.7.3): a resource, an error, both if the resource was created without one of
/// its references, or neither if it was deleted.
/// </summary>
internal sealed record BulkResult(
    BulkOperation Operation, int Status, Resource? Resource = null, ScimError? Error = null)
{
    private const string Schema = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

    /// <summary>The response to the whole request, which is 200 whatever the results are.</summary>
    public static ScimResult ToResponse(IEnumerable<BulkResult> results) => ScimResult.Ok((buffer, baseUrl) =>
    {
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartArray("schemas");
        json.WriteStringValue(Schema);
        json.WriteEndArray();
        json.WriteStartArray("Operations");
        foreach (var result in results)
            result.WriteTo(json, baseUrl);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private void WriteTo(Utf8JsonWriter json, string baseUrl)
    {
        json.WriteStartObject();
        if (Operation.Method is { } method)
            json.WriteString("method", method);
        if (Operation.BulkId is { } bulkId)
            json.WriteString("bulkId", bulkId);
        if (Location(baseUrl) is { } location)
            json.WriteString("location", location);
        if (Resource?.ETag is { } version)
            json.WriteString("version", version);
        json.WriteString("status", Status.ToString(CultureInfo.InvariantCulture));
        if (Error is not null)
        {
            json.WritePropertyName("response");
            Error.WriteTo(json);
        }
        json.WriteEndObject();
    }

    // A failed POST created nothing that could have a location.
    private string? Location(string baseUrl) => this switch
    {
        { Resource: { } resource } => resource.Location(baseUrl),
        { Operation: { Method: not "POST", ShownPath: { } path } } => $"{baseUrl.TrimEnd('/')}/{path.TrimStart('/')}",
        _ => null,
    };
}
