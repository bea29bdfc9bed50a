using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol;

/// <summary>
/// Attributes under other names than the plain ones: in an object under the URN of the core schema, with a URN before
/// each name, and those of an extension without its URN. CORE and ENT stand for the URNs.
/// </summary>
[Parallelizable]
internal sealed class NestedSchemaTests
{
    private const string Core = "urn:ietf:params:scim:schemas:core:2.0:User";
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private const string Plain = """{"active":false,"title":"Prof","name":{"familyName":"Ray"},"emails":[{"value":"n@x","type":"work"}]}""";

    // Each means the same as Plain.
    private static readonly string[] spellings =
    [
        $$"""{"CORE":{{Plain}}}""",
        $$"""{"core":{{Plain}}}""",
        $$"""{"CORE:":{{Plain}}}""",
        $$"""{"CORE":{"CORE":{{Plain}} } }""",
        """{"CORE":{"active":false,"title":"Prof"},"name":{"familyName":"Ray"},"emails":[{"value":"n@x","type":"work"}]}""",
        """{"CORE":{"ACTIVE":false,"CORE:title":"Prof","name.familyName":"Ray","emails":[{"value":"n@x","type":"work"}]}}""",
        """{"CORE:active":false,"core:title":"Prof","CORE:name.familyName":"Ray","CORE:emails":[{"value":"n@x","type":"work"}]}""",
        """{"CORE":{"active":"False","title":[{"value":"Prof"}],"name":{"FAMILYNAME":"Ray"},"emails":{"value":"n@x","type":"work"}}}""",
    ];

    // Each means department IT and manager 8.
    private static readonly string[] extensions =
    [
        """{"ENT":{"department":"IT","manager":{"value":"8"} } }""",
        """{"ent":{"department":"IT","manager":{"value":"8"} } }""",
        """{"ENT:":{"department":"IT","manager":"8"}}""",
        """{"CORE":{"ENT":{"department":"IT","manager":"8"}}}""",
        """{"ENT":{"ENT:department":"IT","manager.value":"8"}}""",
        """{"ENT:department":"IT","ent:manager.value":"8"}""",
        """{"ENT:department":"IT","ENT:manager":[{"value":"8"}]}""",
        """{"department":"IT","manager":{"value":"8"}}""",
        """{"DEPARTMENT":"IT","manager.value":"8"}""",
        """{"CORE":{"department":"IT"},"Manager":"8"}""",
        """{"department":"other","manager":"9","ENT":{"department":"IT","manager":"8"}}""",
    ];

    private static readonly JsonObject user = JsonNode.Parse(
        $$"""
        {
          "userName": "ann", "name": { "givenName": "Ann", "familyName": "Lee" }, "title": "Dr", "active": true,
          "emails": [{ "value": "w@x", "type": "work" }], "{{Enterprise}}": { "department": "Sales", "division": "D" }
        }
        """)!.AsObject();

    [TestCaseSource(nameof(spellings))]
    public void Core_attributes_are_applied_by_a_PATCH(string value)
    {
        var changed = Patch($$"""{"op":"replace","value":{{value}}}""");
        var expected = user.DeepClone().AsObject();
        expected["active"] = false;
        expected["title"] = "Prof";
        expected["name"]!["familyName"] = "Ray";
        expected["emails"]![0]!["value"] = "n@x";
        Assert.That(JsonNode.DeepEquals(changed, expected), Is.True, changed.ToJsonString());
    }

    [TestCaseSource(nameof(spellings))]
    public void Core_attributes_are_read_in_a_whole_user(string value)
    {
        var read = Read(value);
        var expected = JsonNode.Parse(Plain)!;
        expected["userName"] = "ann";
        Assert.That(JsonNode.DeepEquals(read, expected), Is.True, read.ToJsonString());
    }

    [TestCaseSource(nameof(extensions))]
    public void Attributes_of_an_extension_are_applied_by_a_PATCH(string value)
    {
        var changed = Patch($$"""{"op":"replace","value":{{value}}}""")[Enterprise]!;
        var expected = JsonNode.Parse("""{"department":"IT","division":"D","manager":{"value":"8"} }""");
        Assert.That(JsonNode.DeepEquals(changed, expected), Is.True, changed.ToJsonString());
    }

    [TestCaseSource(nameof(extensions))]
    public void Attributes_of_an_extension_are_read_in_a_whole_user(string value)
    {
        var read = Read(value);
        var expected = JsonNode.Parse($$"""{"userName":"ann","{{Enterprise}}":{"department":"IT","manager":{"value":"8"} } }""");
        Assert.That(JsonNode.DeepEquals(read, expected), Is.True, read.ToJsonString());
    }

    [TestCase("CORE")]
    [TestCase("core")]
    [TestCase("CORE:")]
    public void The_URN_of_the_core_schema_is_also_a_path(string path)
    {
        foreach (var op in (string[])["add", "Replace"])
            Assert.That(
                (string?)Patch($$"""{"op":"{{op}}","path":"{{path}}","value":{"title":"Prof"} }""")["title"],
                Is.EqualTo("Prof"));
    }

    [TestCase("""{"op":"replace","path":"CORE","value":"x"}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"CORE","value":null}""", "invalidPath")]
    [TestCase("""{"op":"remove","path":"CORE"}""", "invalidPath")]
    [TestCase("""{"op":"replace","value":{"CORE":"x"}}""", "invalidValue")]
    [TestCase("""{"op":"replace","value":{"CORE":{"active":"maybe"}}}""", "invalidValue")]
    [TestCase("""{"op":"replace","value":{"CORE":{"userName":null}}}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"department.value","value":"x"}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"manager.nonsense","value":"x"}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"manager.displayName","value":"x"}""", "mutability")]
    public void Errors_are_the_same_as_with_the_plain_name(string operation, string scimType) => Assert.That(
        Assert.Throws<ScimException>(() => Patch(operation))?.Error.ScimType, Is.EqualTo(scimType));

    [TestCase("department", "\"IT\"", """{"department":"IT","division":"D"}""")]
    [TestCase("DEPARTMENT", "\"IT\"", """{"department":"IT","division":"D"}""")]
    [TestCase("costCenter", "[{\"value\":\"C\"}]", """{"department":"Sales","division":"D","costCenter":"C"}""")]
    [TestCase("manager", "\"8\"", """{"department":"Sales","division":"D","manager":{"value":"8"} }""")]
    [TestCase("manager", "[{\"$ref\":\"../Users/8\",\"value\":\"8\"}]", """{"department":"Sales","division":"D","manager":{"value":"8","$ref":"../Users/8"}}""")]
    [TestCase("manager.value", "\"8\"", """{"department":"Sales","division":"D","manager":{"value":"8"} }""")]
    [TestCase("department", "\"\"", """{"division":"D"}""")]
    public void A_path_need_not_have_the_URN_of_the_extension(string path, string value, string expected)
    {
        foreach (var op in (string[])["add", "replace"])
        {
            var changed = Patch($$"""{"op":"{{op}}","path":"{{path}}","value":{{value}}}""")[Enterprise]!;
            Assert.That(JsonNode.DeepEquals(changed, JsonNode.Parse(expected)), Is.True, changed.ToJsonString());
        }
    }

    [Test]
    public void A_path_without_the_URN_can_be_removed() =>
        Assert.That(Patch("""{"op":"remove","path":"department"}""")[Enterprise]!.ToJsonString(), Is.EqualTo("""{"division":"D"}"""));

    [TestCase("only", true)]
    [TestCase("both", false, Description = "two extensions have it")]
    [TestCase("title", true, Description = "the core schema's (RFC 7644 §3.10)")]
    [TestCase("urn:example:two:both", true)]
    [TestCase("title.both", false)]
    public void Names_that_could_mean_two_attributes_are_unknown(string name, bool isKnown)
    {
        Schema Extension(string urn, string attributes) => Schema.Parse(
            $$"""{"id":"{{urn}}","name":"X","attributes":[{{attributes}}]}""");
        var type = ResourceType.User with
        {
            Extensions =
            [
                Extension("urn:example:one", """{"name":"both","type":"string"},{"name":"title","type":"string"}"""),
                Extension("urn:example:two", """{"name":"both","type":"string"},{"name":"only","type":"string"}"""),
            ],
        };
        Assert.That(AttributePath.TryParse(name, out var path), Is.True);
        Assert.That(type.Find(path!) is not null, Is.EqualTo(isKnown));
        if (name == "title")
            Assert.That(type.Find(path!)!.Extension, Is.Null);
    }

    [TestCase("""{"op":"replace","path":"department","value":"x"}""", "missing-urn")]
    [TestCase("""{"op":"replace","value":{"department":"x"}}""", "missing-urn")]
    [TestCase("""{"op":"remove","path":"manager.value"}""", "missing-urn")]
    [TestCase("""{"op":"replace","value":{"manager.value":"8"}}""", "missing-urn path-as-key")]
    [TestCase("""{"op":"replace","value":{"CORE":{"title":"x"}}}""", "core-schema-as-key")]
    [TestCase("""{"op":"replace","path":"CORE","value":{"title":"x"}}""", "core-schema-as-key")]
    [TestCase("""{"op":"replace","path":"title","value":[{"value":"x"}]}""", "list-for-single")]
    [TestCase("""{"op":"replace","value":[{"title":"x"}]}""", "list-for-single")]
    [TestCase("""{"op":"replace","path":"active","value":[{"value":"False"}]}""", "list-for-single string-boolean")]
    public void Is_recorded_as_a_quirk(string operation, string expected)
    {
        var quirks = new ClientQuirks();
        Patch(operation, quirks);
        Assert.That(string.Join(' ', quirks.Applied), Is.EqualTo(expected));
    }

    [TestCase("""{"department":"x"}""", "missing-urn")]
    [TestCase("""{"CORE":{"title":"x"}}""", "core-schema-as-key")]
    [TestCase("""{"name.givenName":"x"}""", "path-as-key")]
    [TestCase("""{"ENT":{"department":"x"}}""", "")]
    public void Is_recorded_as_a_quirk_in_a_whole_user(string user, string expected)
    {
        var quirks = new ClientQuirks();
        Read(user, quirks);
        Assert.That(string.Join(' ', quirks.Applied), Is.EqualTo(expected));
    }

    private static JsonObject Patch(string operation, ClientQuirks? quirks = null)
    {
        var body = Parse($$"""{"Operations":[{{operation}}]}""");
        return PatchRequest.Read(body, quirks ?? new ClientQuirks()).ApplyTo(user, ResourceType.User);
    }

    private static JsonObject Read(string members, ClientQuirks? quirks = null) => DocumentReader.Read(
        ResourceType.User, Parse($$"""{"userName":"ann",{{members[1..]}}"""), quirks ?? new ClientQuirks());

    private static JsonObject Parse(string json) => RequestBody.Parse(Encoding.UTF8.GetBytes(json
        .Replace("\"CORE", "\"" + Core, StringComparison.Ordinal)
        .Replace("\"core:", "\"" + Core.ToLowerInvariant() + ":", StringComparison.Ordinal)
        .Replace("\"core\"", "\"" + Core.ToLowerInvariant() + "\"", StringComparison.Ordinal)
        .Replace("\"ENT", "\"" + Enterprise, StringComparison.Ordinal)
        .Replace("\"ent:", "\"" + Enterprise.ToUpperInvariant() + ":", StringComparison.Ordinal)
        .Replace("\"ent\"", "\"" + Enterprise.ToLowerInvariant() + "\"", StringComparison.Ordinal)));
}
