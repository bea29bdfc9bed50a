using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>An operation of a PATCH (RFC 7644 §3.5.2). Without a path, it applies to the resource itself.</summary>
internal sealed record PatchOperation(PatchKind Kind, PatchPath? Path, JsonNode? Value)
{
    private static readonly Dictionary<string, PatchKind> Kinds =
        Enum.GetValues<PatchKind>().ToDictionary(kind => kind.ToString(), StringComparer.OrdinalIgnoreCase);

    /// <summary>An operation that removes the target of this one.</summary>
    public PatchOperation ToRemove() => this with { Kind = PatchKind.Remove, Value = null };

    public static PatchOperation Read(JsonNode? operation, ClientQuirks quirks)
    {
        if (operation is not JsonObject members)
            throw new ScimException(ScimError.InvalidSyntax("Each of Operations must be an object."));

        // Entra ID sends "Add" and "Replace".
        var word = DocumentReader.Text(members["op"]);
        if (!Kinds.TryGetValue(word ?? "", out var kind))
            throw new ScimException(ScimError.InvalidSyntax("op must be add, replace or remove."));
        if (word!.Any(char.IsUpper))
            quirks.Note(ClientQuirk.CapitalOp);

        var path = members["path"] switch
        {
            null => null,
            var given when DocumentReader.Text(given) is { } text => ReadPath(text, quirks),
            _ => throw new ScimException(ScimError.InvalidPath("path must be a string.")),
        };
        if (path is null && kind == PatchKind.Remove)
            throw new ScimException(ScimError.NoTarget("remove needs a path."));
        if (kind != PatchKind.Remove && !members.ContainsKey("value"))
            throw new ScimException(ScimError.InvalidValue($"{word} needs a value."));
        var value = members["value"];
        // Values are sometimes wrapped in a list. A deactivation must not fail because of that.
        if (path is null && value is JsonArray { Count: 1 } list)
        {
            quirks.Note(ClientQuirk.ListForSingle);
            value = list[0];
        }
        if (path is null && value is not JsonObject)
            throw new ScimException(ScimError.InvalidValue($"{word} without a path needs an object as its value."));
        return new PatchOperation(kind, path, value);
    }

    private static PatchPath? ReadPath(string text, ClientQuirks quirks)
    {
        if (!string.IsNullOrWhiteSpace(text))
            return PatchPath.Parse(text);
        quirks.Note(ClientQuirk.EmptyPath);
        return null;
    }
}

/// <summary>What an operation does.</summary>
internal enum PatchKind
{
    Add,
    Remove,
    Replace,
}
