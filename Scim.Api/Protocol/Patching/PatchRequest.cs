using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// A PATCH request (RFC 7644 §3.5.2): operations that are applied one after the other to a copy of the document. If one
/// fails, the copy is thrown away with it.
/// </summary>
internal sealed record PatchRequest(
    JsonObject Body, IReadOnlyList<PatchOperation> Operations, ClientQuirks Quirks)
{
    /// <summary>How many operations a request may hold: a write keeps others waiting, so its work has an end.</summary>
    public const int MaxOperations = 200;

    /// <summary>How often a request may compare a value with another; lists have some hundred values.</summary>
    public const int MaxComparisons = 1_000_000;

    /// <summary>Reads the operations; what they are on is looked up by <see cref="ApplyTo"/>.</summary>
    public static PatchRequest Read(JsonObject request, ClientQuirks quirks)
    {
        if (request[nameof(Operations)] is not JsonArray { Count: > 0 } operations)
            throw new ScimException(ScimError.InvalidSyntax("A PATCH needs a list of Operations, with one at least."));
        if (operations.Count > MaxOperations)
            throw new ScimException(ScimError.InvalidValue($"A PATCH can have at most {MaxOperations} Operations."));
        return new PatchRequest(
            request, [.. operations.Select(each => PatchOperation.Read(each, quirks))], quirks);
    }

    /// <summary>What the document becomes, read anew by the schema.</summary>
    public JsonObject ApplyTo(JsonObject document, ResourceType type)
    {
        Quirks.RefuseUnstorable(Body);
        var copy = document.DeepClone().AsObject();
        var comparisons = 0L;
        foreach (var operation in Operations)
        {
            foreach (var corrected in Quirks.NormalizeOperation(type, operation, copy))
            {
                var more = ComparisonsOf(corrected, type, copy);
                if (comparisons + more > MaxComparisons)
                {
                    Quirks.Refuse(PlaceOf(corrected, type), ScimError.TooMany(
                        "The Operations compare too many values with each other: send them in several requests."));
                    continue;
                }
                comparisons += more;
                PatchEngine.Apply(type, corrected, copy, Quirks);
            }
        }
        Quirks.CheckCreated(copy);
        // What the copy has of the document is no client's habit.
        var outcome = DocumentReader.Read(
            type, copy, new ClientQuirks { Violations = Quirks.Violations }, known: document);
        Immutables.Check(type, document, outcome);
        return outcome;
    }

    private static string PlaceOf(PatchOperation operation, ResourceType type) =>
        type.Find(operation.Path!.Attribute) is { Attribute: { } attribute } target
            ? (target.Extension is { } extension ? $"{extension.Id}:" : "") + attribute.Name
            : Excerpt.Of($"{operation.Path}");

    private static long ComparisonsOf(PatchOperation operation, ResourceType type, JsonObject document)
    {
        var path = operation.Path!;
        var target = type.Find(path.Attribute);
        var known = target is null ? 0 : (target with { Sub = null }).ValuesIn(document).Count();
        var given = (operation.Value as JsonArray)?.Count ?? 1;
        return Math.Max(path.Filter?.Conditions ?? 1, given) * (long)(known + given);
    }
}
