namespace Scim.Api.Protocol.Schemas;

/// <summary>What a schema says about an attribute (RFC 7643 §7).</summary>
internal sealed record SchemaAttribute
{
    public required string Name { get; init; }
    public required AttributeType Type { get; init; }
    public bool MultiValued { get; init; }
    public bool Required { get; init; }
    public bool CaseExact { get; init; }
    public Mutability Mutability { get; init; }
    public Returned Returned { get; init; }
    public IReadOnlyList<SchemaAttribute> SubAttributes { get; init; } = [];

    /// <summary>The suggested values, such as <c>work</c> and <c>home</c>; empty if the schema suggests none.</summary>
    public IReadOnlyList<string> CanonicalValues { get; init; } = [];

    /// <summary>Whether its values must not appear in errors, events or logs.</summary>
    public bool IsSecret => Mutability == Mutability.WriteOnly || Returned == Returned.Never;

    /// <summary>
    /// The attribute that holds the value: the sub-attribute <c>value</c> of a complex attribute, if it has one (RFC
    /// 7643 §2.4), otherwise the attribute itself.
    /// </summary>
    public SchemaAttribute ValueAttribute => Type == AttributeType.Complex ? FindSub("value") ?? this : this;

    /// <summary>
    /// What is wrong with the content of a string, as the end of a sentence ("must be a base64 string."); null if
    /// nothing is.
    /// </summary>
    public string? FaultOf(string text) =>
        text.Contains('\0', StringComparison.Ordinal) ? "contains U+0000 or is not valid Unicode."
        : Type == AttributeType.Binary && !Base64Text.IsValid(text) ? "must be a base64 string."
        : null;

    public SchemaAttribute? FindSub(string name) => SubAttributes.Find(name);

    /// <summary>
    /// The name. Printing all properties would not end, because <see cref="ValueAttribute"/> can be itself.
    /// </summary>
    public override string ToString() => Name;

    /// <summary>Looks up a path inside the brackets of a value path, where names are those of sub-attributes.</summary>
    public AttributeTarget? FindSubTarget(AttributePath path) =>
        path is { Schema: null, Sub: null } && FindSub(path.Name) is { } sub
            ? new AttributeTarget(null, sub, null)
            : null;
}

/// <summary>The data types of RFC 7643 §2.3.</summary>
internal enum AttributeType
{
    String,
    Boolean,
    Decimal,
    Integer,
    DateTime,
    Binary,
    Reference,
    Complex,
}

/// <summary>Who may write an attribute (RFC 7643 §2.2).</summary>
internal enum Mutability
{
    ReadWrite,
    ReadOnly,
    Immutable,
    WriteOnly,
}

/// <summary>When an attribute is part of a response (RFC 7643 §2.2).</summary>
internal enum Returned
{
    Default,
    Always,
    Never,
    Request,
}
