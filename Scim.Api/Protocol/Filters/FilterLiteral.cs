using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// The value of a comparison, read by the type that the schema gives the attribute, never by its type in JSON. An
/// operator that the type does not have is <c>invalidFilter</c> (RFC 7644 table 3).
/// </summary>
internal abstract record FilterLiteral(FilterOperator Operator)
{
    public static FilterLiteral Read(Filter.Comparison comparison, AttributeTarget target)
    {
        var leaf = target.Leaf!;
        var (name, operation, value) = comparison;
        if (!HasOperator(leaf.Type, comparison.Operator))
            throw Invalid($"{comparison}: {comparison.Attribute} cannot be compared by {comparison.Word}.");
        FilterLiteral? literal = leaf.Type switch
        {
            AttributeType.Complex =>
                throw Invalid($"{name} has parts: name one, as in {name}.{leaf.SubAttributes[0].Name}."),
            AttributeType.Boolean => ReadBoolean(value) is { } boolean ? new Boolean(operation, boolean) : null,
            AttributeType.Decimal or AttributeType.Integer =>
                value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number)
                    ? new Number(operation, number)
                    : null,
            AttributeType.DateTime => ReadInstant(ReadText(value)) is { } at ? new Instant(operation, at) : null,
            _ => ReadText(value) is { } text ? new Text(operation, leaf, text) : null,
        };
        return literal ?? throw Invalid($"{comparison}: {name} cannot be compared with {value.GetRawText()}.");
    }

    /// <summary>Whether a value of the attribute fulfils the comparison.</summary>
    public abstract bool Compare(JsonNode value);

    private static bool HasOperator(AttributeType type, FilterOperator operation) => type switch
    {
        AttributeType.Boolean or AttributeType.Binary => operation is FilterOperator.Eq or FilterOperator.Ne,
        AttributeType.Decimal or AttributeType.Integer or AttributeType.DateTime =>
            operation is not (FilterOperator.Co or FilterOperator.Sw or FilterOperator.Ew),
        _ => true,
    };

    private bool Holds(int order) => Operator switch
    {
        FilterOperator.Eq => order == 0,
        FilterOperator.Ne => order != 0,
        FilterOperator.Gt => order > 0,
        FilterOperator.Ge => order >= 0,
        FilterOperator.Lt => order < 0,
        _ => order <= 0,
    };

    /// <summary>A text, with its letter case folded if the schema says so; ordered by its UTF-8 bytes.</summary>
    public sealed record Text : FilterLiteral
    {
        private readonly SchemaAttribute attribute;

        public Text(FilterOperator operation, SchemaAttribute attribute, string text)
            : base(operation)
        {
            this.attribute = attribute;
            Folded = Fold(text);
        }

        public string Folded { get; }

        public override bool Compare(JsonNode value)
        {
            if (DocumentReader.Text(value) is not { } text)
                return false;
            var folded = Fold(text);
            return Operator switch
            {
                FilterOperator.Eq => folded == Folded,
                FilterOperator.Ne => folded != Folded,
                FilterOperator.Co => folded.Contains(Folded, StringComparison.Ordinal),
                FilterOperator.Sw => folded.StartsWith(Folded, StringComparison.Ordinal),
                FilterOperator.Ew => folded.EndsWith(Folded, StringComparison.Ordinal),
                _ => Holds(Encoding.UTF8.GetBytes(folded).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(Folded))),
            };
        }

        private string Fold(string text) => attribute.CaseExact ? text : CaseFolding.Fold(text);
    }

    /// <summary>True or false, which have no order.</summary>
    public sealed record Boolean(FilterOperator Operation, bool Value) : FilterLiteral(Operation)
    {
        public override bool Compare(JsonNode value) =>
            ReadBoolean(JsonSerializer.SerializeToElement(value)) is { } boolean && Holds(boolean == Value ? 0 : 1);
    }

    /// <summary>A number.</summary>
    public sealed record Number(FilterOperator Operation, decimal Value) : FilterLiteral(Operation)
    {
        public override bool Compare(JsonNode value) =>
            JsonSerializer.SerializeToElement(value) is { ValueKind: JsonValueKind.Number } number
            && number.TryGetDecimal(out var other)
            && Holds(other.CompareTo(Value));
    }

    /// <summary>A point in time, whatever the offset it is written with.</summary>
    public sealed record Instant(FilterOperator Operation, DateTimeOffset Value) : FilterLiteral(Operation)
    {
        public override bool Compare(JsonNode value) =>
            ReadInstant(DocumentReader.Text(value)) is { } other && Holds(other.CompareTo(Value));
    }

    private static string? ReadText(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // Entra ID writes "True" and "False".
    private static bool? ReadBoolean(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => bool.TryParse(ReadText(value), out var boolean) ? boolean : null,
    };

    private static DateTimeOffset? ReadInstant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? at
            : null;

    private static ScimException Invalid(string detail) => new(ScimError.InvalidFilter(detail));
}
