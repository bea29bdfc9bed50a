using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol;

/// <summary>
/// Entra ID wraps single values: <c>[{"$ref":null,"value":"X"}]</c>. Every single-valued attribute that is not complex
/// accepts them, wherever it is and however it is sent.
/// </summary>
[Parallelizable]
internal sealed class WrappedValueTests
{
    private static readonly string[] wraps =
    [
        """[{"$ref":null,"value":VALUE}]""", """[{"value":VALUE}]""", "[VALUE]", """[{"Value":VALUE,"type":null,"display":"x"}]""",
    ];

    /// <summary>
    /// The path of each single-valued attribute: of the user, of a complex attribute, of an extension, of one of
    /// several values.
    /// </summary>
    private static IEnumerable<(string Path, SchemaAttribute Attribute)> Attributes
    {
        get
        {
            foreach (var schema in ResourceType.User.Extensions.Prepend(ResourceType.User.Schema).Prepend(Schema.Common))
            foreach (var attribute in schema.Attributes.Where(a => a.Mutability == Mutability.ReadWrite))
            {
                var prefix = ResourceType.User.Extensions.Contains(schema) ? schema.Id + ":" : "";
                var (path, parts) = attribute switch
                {
                    { Type: not AttributeType.Complex } => (prefix + attribute.Name, []),
                    { MultiValued: false } => (prefix + attribute.Name, attribute.SubAttributes),
                    _ => ($"{prefix}{attribute.Name}[primary eq true]", attribute.SubAttributes),
                };
                if (attribute is { MultiValued: false, Type: not AttributeType.Complex })
                    yield return (path, attribute);
                foreach (var part in parts.Where(a => a is { MultiValued: false, Mutability: Mutability.ReadWrite }))
                    yield return ($"{path}.{part.Name}", part);
            }
        }
    }

    private static IEnumerable<TestCaseData> Cases =>
        from attribute in Attributes
        from wrap in wraps
        select new TestCaseData(attribute.Path, attribute.Attribute, wrap).SetArgDisplayNames(attribute.Path, wrap);

    private static IEnumerable<string> Optional =>
        Attributes.Where(attribute => !attribute.Attribute.Required).Select(attribute => attribute.Path);

    [TestCaseSource(nameof(Cases))]
    public void Are_unwrapped_in_a_PATCH(string path, SchemaAttribute attribute, string wrap)
    {
        var (bare, text) = Values(attribute);
        var wrapped = wrap.Replace("VALUE", text, StringComparison.Ordinal);
        var name = JsonValue.Create(path).ToJsonString();
        using (Assert.EnterMultipleScope())
        {
            foreach (var op in (string[])["add", "replace"])
            {
                var plain = Patch($$"""{"op":"{{op}}","path":{{name}},"value":{{bare}}}""");
                Assert.That(Patch($$"""{"op":"{{op}}","path":{{name}},"value":{{wrapped}}}"""), Is.EqualTo(plain), op);
                Assert.That(Patch($$"""{"op":"{{op}}","value":{{{name}}:{{wrapped}} } }"""), Is.EqualTo(plain), "as a key");
            }
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Are_unwrapped_in_a_whole_user(string path, SchemaAttribute attribute, string wrap)
    {
        var (bare, text) = Values(attribute);
        Assert.That(
            Read(Body(path, wrap.Replace("VALUE", text, StringComparison.Ordinal))),
            Is.EqualTo(Read(Body(path, bare))));
    }

    [TestCaseSource(nameof(Optional))]
    public void Empty_ones_clear_the_attribute(string path)
    {
        var name = JsonValue.Create(path).ToJsonString();
        var removed = Patch($$"""{"op":"remove","path":{{name}}}""");
        foreach (var nothing in (string[])["""[{"$ref":null,"value":""}]""", """[{"value":null}]""", "[null]", "[]", """[""]"""])
            Assert.That(Patch($$"""{"op":"replace","path":{{name}},"value":{{nothing}}}"""), Is.EqualTo(removed), nothing);
    }

    [TestCase("""[{"value":"a"},{"value":"b"}]""", Description = "several values")]
    [TestCase("""[{"value":"a","givenName":"b"}]""", Description = "there are other members beside the value")]
    [TestCase("""[{"a":"b"}]""")]
    [TestCase("""[{"value":{"value":"a"}}]""")]
    [TestCase("""[{"value":5}]""")]
    [TestCase("""{"value":"a"}""", Description = "not a list")]
    public void Lists_that_are_not_a_single_value_are_refused(string value)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var operation in (string[])
                [$$"""{"op":"replace","path":"title","value":{{value}}}""", $$"""{"op":"replace","value":{"name.givenName":{{value}} } }"""])
                Assert.That(
                    Assert.Throws<ScimException>(() => Patch(operation))?.Error.ScimType, Is.EqualTo("invalidValue"));
            Assert.That(
                Assert.Throws<ScimException>(() => Read($$"""{"userName":"a","title":{{value}}}"""))?.Error.ScimType,
                Is.EqualTo("invalidValue"));
        }
    }

    // Entra ID would wrap a boolean as a string.
    private static (string Bare, string Text) Values(SchemaAttribute attribute) => attribute.Type switch
    {
        AttributeType.Boolean => ("false", "\"False\""),
        AttributeType.Binary => ("\"aGVsbG8=\"", "\"aGVsbG8=\""),
        _ => ("\"other\"", "\"other\""),
    };

    private static string Body(string path, string value)
    {
        var names = path.StartsWith("urn:", StringComparison.Ordinal)
            ? [path[..path.LastIndexOf(':')], .. path[(path.LastIndexOf(':') + 1)..].Split('.')]
            : path.Split('.');
        var body = names.Reverse().Aggregate(value, (inner, name) => name.Split('[') switch
        {
            // Labels alone are not a value.
            [var list, _] => inner.StartsWith("{\"value\"", StringComparison.Ordinal)
                ? $$"""{"{{list}}":[{{inner}}]}"""
                : $$"""{"{{list}}":[{"value":"aGVsbG8=","{{Other(inner)}}":"x",{{inner[1..]}}]}""",
            _ => $$"""{"{{name}}":{{inner}}}""",
        });
        return path == "userName" ? body : $$"""{"userName":"ann",{{body[1..]}}""";
    }

    private static string Other(string inner) =>
        inner.StartsWith("{\"country", StringComparison.Ordinal) ? "region" : "country";

    private static string Read(string body) => DocumentReader
        .Read(ResourceType.User, RequestBody.Parse(Encoding.UTF8.GetBytes(body)), new ClientQuirks()).ToJsonString();

    private static string Patch(string operation)
    {
        var body = RequestBody.Parse(Encoding.UTF8.GetBytes($$"""{"Operations":[{{operation}}]}"""));
        return PatchRequest.Read(body, new ClientQuirks()).ApplyTo(Everything(), ResourceType.User).ToJsonString();
    }

    /// <summary>A user with a value for every attribute.</summary>
    private static JsonObject Everything()
    {
        var user = Values(ResourceType.User.Schema.Attributes);
        user["externalId"] = "some";
        foreach (var extension in ResourceType.User.Extensions)
            user[extension.Id] = Values(extension.Attributes);
        return user;
    }

    private static JsonObject Values(IEnumerable<SchemaAttribute> attributes) => new(attributes
        .Where(attribute => attribute.Mutability == Mutability.ReadWrite)
        .Select(attribute => KeyValuePair.Create(attribute.Name, Value(attribute))));

    private static JsonNode? Value(SchemaAttribute attribute)
    {
        JsonNode value = attribute.Type switch
        {
            AttributeType.Complex => Values(attribute.SubAttributes),
            AttributeType.Boolean => true,
            AttributeType.Binary => "c29tZQ==",
            _ => "some",
        };
        return attribute.MultiValued ? new JsonArray(value) : value;
    }
}
