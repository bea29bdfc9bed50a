using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// The parameters of a list, from the query of a GET (RFC 7644 §3.4.2) or the body of a search (§3.4.3). A parameter
/// without a value is absent, except that an empty filter is invalid: it must not mean everybody. An unknown parameter
/// is ignored, and an invalid value is refused with the parameter's name. With a <paramref name="Cursor"/> the list is
/// read by cursor (RFC 9865), from the beginning if it is empty.
/// </summary>
internal sealed record ListRequest(
    string? Filter, Sorting? Sorting, Page Page, string? Cursor, Projection Projection)
{
    private const string SearchSchema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

    private static readonly string[] ListNames = ["attributes", "excludedAttributes"];

    private static readonly string[] Names =
        [.. ListNames, "filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"];

    /// <summary>Binds an endpoint's parameter.</summary>
    public static ValueTask<ListRequest> BindAsync(HttpContext context) =>
        new(Read(name => context.Request.Query[name]));

    /// <summary>Reads the body of a search.</summary>
    public static ListRequest Read(JsonObject search)
    {
        if (search["schemas"] is { } schemas
            && !Texts("schemas", schemas).Contains(SearchSchema, StringComparer.OrdinalIgnoreCase))
            throw new ScimException(ScimError.InvalidSyntax($"The schemas of a search must be [\"{SearchSchema}\"]."));
        var parameters = Names.ToDictionary(name => name, StringValues (name) => search[name] switch
        {
            null => StringValues.Empty,
            JsonArray list when ListNames.Contains(name) => Texts(name, list),
            var value => Text(name, value),
        });
        return Read(name => parameters[name]);
    }

    private static ListRequest Read(Func<string, StringValues> parameters)
    {
        var cursor = Single("cursor");
        var startIndex = Number("startIndex", ScimError.InvalidValue);
        if (cursor is not null && startIndex is not null)
            throw Wrong("startIndex and cursor cannot be used together.");
        return new ListRequest(
            Single("filter"),
            Sorting.Read(Single("sortBy"), Single("sortOrder")),
            Page.Of(startIndex, Number("count", cursor is null ? ScimError.InvalidValue : ScimError.InvalidCount)),
            cursor,
            Projection.Read(parameters("attributes"), parameters("excludedAttributes")));

        string? Single(string name) => parameters(name) is { Count: <= 1 } values
            ? values
            : throw Wrong($"{name} is given more than once.");

        // Numbers beyond the range of int mean the largest one.
        int? Number(string name, Func<string, ScimError> error) => Single(name)?.Trim() is not { Length: > 0 } text
            ? null
            : decimal.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? (int)Math.Clamp(number, int.MinValue, int.MaxValue)
                : throw new ScimException(error($"{name} must be an integer."));
    }

    private static string[] Texts(string name, JsonNode list) => list is JsonArray texts
        ? [.. texts.Select(text => Text(name, text))]
        : throw Wrong($"{name} must be a list of strings.");

    private static string Text(string name, JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => value.ToJsonString(),
        JsonValueKind.Object => throw Wrong($"{name} cannot be an object."),
        JsonValueKind.Array => throw Wrong($"{name} cannot be a list."),
        _ => throw Wrong($"{name} cannot be {value?.ToJsonString() ?? "null"}."),
    };

    private static ScimException Wrong(string detail) => new(ScimError.InvalidValue(detail));
}
