using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// A PATCH request (RFC 7644 §3.5.2). The operations are applied one after the other to a copy of the document, which
/// is discarded if one fails.
/// </summary>
internal sealed record PatchRequest(
    JsonObject Body, IReadOnlyList<PatchOperation> Operations, ClientQuirks Quirks)
{
    /// <summary>The maximum number of operations, because other writes wait for this one.</summary>
    public const int MaxOperations = 200;

    /// <summary>The maximum number of comparisons between values, because lists can have hundreds of values.</summary>
    public const int MaxComparisons = 1_000_000;

    private ScimError? SyntaxError { get; init; }

    /// <summary>
    /// Reads the operations; <see cref="ApplyTo"/> looks up their targets. A malformed request is only refused by
    /// <see cref="ApplyTo"/>, so that an unknown user is still 404, and the event of the refusal names the user.
    /// </summary>
    public static PatchRequest Read(JsonObject request, ClientQuirks quirks)
    {
        try
        {
            return new PatchRequest(request, ReadOperations(request, quirks), quirks);
        }
        catch (ScimException malformed)
        {
            return new PatchRequest(request, [], quirks) { SyntaxError = malformed.Error };
        }
    }

    private static List<PatchOperation> ReadOperations(JsonObject request, ClientQuirks quirks)
    {
        if (request[nameof(Operations)] is not JsonArray { Count: > 0 } operations)
            throw new ScimException(ScimError.InvalidSyntax(
                "A PATCH needs a list of Operations with at least one operation."));
        if (operations.Count > MaxOperations)
            throw new ScimException(ScimError.InvalidValue($"A PATCH can have at most {MaxOperations} Operations."));
        return [.. operations.Select(each => PatchOperation.Read(each, quirks))];
    }

    /// <summary>Returns the changed document, validated by the schema.</summary>
    public JsonObject ApplyTo(JsonObject document, ResourceType type)
    {
        Quirks.RefuseUnstorable(Body);
        if (SyntaxError is not null)
            throw new ScimException(SyntaxError);
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
                        "The Operations compare too many values with each other. Send them in several requests."));
                    continue;
                }
                comparisons += more;
                PatchEngine.Apply(type, corrected, copy, Quirks);
            }
        }
        Quirks.CheckCreated(copy);
        // Quirks in what the copy has kept of the document are not this client's.
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
