using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// A PUT request (RFC 7644 §3.5.1): the resource is what the body says. What is read-only or unknown is ignored, and
/// what is immutable stays.
/// </summary>
internal sealed record PutRequest(JsonObject Body, ClientQuirks Quirks)
{
    /// <summary>What the document becomes.</summary>
    public JsonObject ApplyTo(JsonObject document, ResourceType type)
    {
        Quirks.RefuseUnstorable(Body);
        var wanted = DocumentReader.Read(type, Body, Quirks, known: document);
        Immutables.Keep(type, document, wanted);
        Immutables.Check(type, document, wanted);
        return wanted;
    }
}
