using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// A PUT request (RFC 7644 §3.5.1): the body replaces the resource. Read-only and unknown attributes are ignored, and
/// immutable ones are kept.
/// </summary>
internal sealed record PutRequest(JsonObject Body, ClientQuirks Quirks)
{
    /// <summary>Returns the changed document.</summary>
    public JsonObject ApplyTo(JsonObject document, ResourceType type)
    {
        Quirks.RefuseUnstorable(Body);
        var wanted = DocumentReader.Read(type, Body, Quirks, known: document);
        Immutables.Keep(type, document, wanted);
        Immutables.Check(type, document, wanted);
        return wanted;
    }
}
