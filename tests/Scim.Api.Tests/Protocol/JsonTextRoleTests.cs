using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol;

/// <summary>Entra ID sends app roles as JSON inside a string, and in another form when it creates the user.</summary>
[Parallelizable]
internal sealed class JsonTextRoleTests
{
    private const string Reader = """{"id":"8b1","value":"Reader","displayName":"A reader"}""";

    // JSON stands for the role above as a JSON string.
    [TestCase("""[{"value":JSON}]""", """[{"value":"Reader","display":"A reader"}]""")]
    [TestCase("""[JSON]""", """[{"value":"Reader","display":"A reader"}]""")]
    [TestCase("""{"value":JSON}""", """[{"value":"Reader","display":"A reader"}]""")]
    [TestCase("JSON", """[{"value":"Reader","display":"A reader"}]""")]
    [TestCase("""[{"value":JSON,"primary":"True","type":"T","display":"D"}]""", """[{"value":"Reader","primary":true,"type":"T","display":"D"}]""", Description = "values outside take precedence")]
    [TestCase("""[{"value":JSON},{"value":"{\"id\":\"2\",\"value\":\"Writer\",\"displayName\":\"Writer\"}"}]""", """[{"value":"Reader","display":"A reader"},{"value":"Writer","display":"Writer"}]""")]
    [TestCase("""[{"value":JSON},{"value":"READER","type":"WindowsAADRole"}]""", """[{"value":"Reader","display":"A reader","type":"WindowsAADRole"}]""", Description = "one role")]
    [TestCase("""[{"value":"Reader","type":"WindowsAADRole","display":"R"},{"value":JSON}]""", """[{"value":"Reader","type":"WindowsAADRole","display":"R"}]""")]
    [TestCase("""[{"value":" {\"VALUE\":\"Reader\",\"Display\":\"R\",\"type\":\"T\",\"primary\":true}"}]""", """[{"value":"Reader","display":"R","type":"T","primary":true}]""")]
    [TestCase("""[{"value":"{\"id\":\"2\",\"value\":null,\"displayName\":\"User\"}"}]""", """[{"value":"User","display":"User"}]""", Description = "without a value, the displayName is used")]
    [TestCase("""[{"value":"{\"id\":\"2\",\"value\":\"\",\"displayName\":\"User\"}"}]""", """[{"value":"User","display":"User"}]""")]
    // Any other string is a name.
    [TestCase("""[{"value":"{\"id\":\"2\"}"}]""", """[{"value":"{\"id\":\"2\"}"}]""")]
    [TestCase("""[{"value":"{\"value\":5}"}]""", """[{"value":"{\"value\":5}"}]""")]
    [TestCase("""[{"value":"{\"value\":\"Reader\""}]""", """[{"value":"{\"value\":\"Reader\""}]""", Description = "cut off")]
    [TestCase("""[{"value":"{\"value\":\"a\\u0000b\"}"}]""", """[{"value":"{\"value\":\"a\\u0000b\"}"}]""", Description = "U+0000 cannot be stored")]
    [TestCase("""[{"value":"{\"value\":\"a\\ud800\"}"}]""", """[{"value":"{\"value\":\"a\\ud800\"}"}]""")]
    [TestCase("""[{"value":"{\"value\":\"a\",\"VALUE\":\"b\"}"}]""", """[{"value":"{\"value\":\"a\",\"VALUE\":\"b\"}"}]""")]
    [TestCase("""[{"value":"{Reader}"}]""", """[{"value":"{Reader}"}]""")]
    [TestCase("""[{"value":"[\"Reader\"]"}]""", """[{"value":"[\"Reader\"]"}]""")]
    [TestCase("""[{"value":"{}"}]""", """[{"value":"{}"}]""")]
    public void Are_parsed_wherever_they_are(string roles, string expected)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var attribute in (string[])["roles", "entitlements"])
            {
                AreSame(Read($$"""{"userName":"ann","{{attribute}}":{{roles}}}""")[attribute], expected);
                foreach (var op in (string[])["Add", "replace"])
                {
                    AreSame(Patch("{}", $$"""{"op":"{{op}}","path":"{{attribute}}","value":{{roles}}}""")[attribute], expected);
                    AreSame(Patch("{}", $$"""{"op":"{{op}}","value":{"{{attribute}}":{{roles}} } }""")[attribute], expected);
                }
            }
        }
    }

    [TestCase("""[{"value":"Reader","display":"Reader","type":"WindowsAADRole","primary":false}]""", """[{"value":JSON}]""", """[{"value":"Reader","display":"A reader","type":"WindowsAADRole","primary":false}]""", Description = "the role from the create")]
    [TestCase("""[{"value":"reader"}]""", """[{"value":JSON}]""", """[{"value":"Reader","display":"A reader"}]""")]
    [TestCase("""[{"value":"Reader","type":"A"},{"value":"Reader","type":"B"}]""", """[{"value":JSON}]""", """[{"value":"Reader","type":"A","display":"A reader"},{"value":"Reader","type":"B"}]""")]
    [TestCase("""[{"value":"Reader"}]""", """[{"value":JSON,"type":"B"}]""", """[{"value":"Reader","type":"B","display":"A reader"}]""")]
    [TestCase("""[{"value":"Reader","type":"A"}]""", """[{"value":JSON,"type":"B"}]""", """[{"value":"Reader","type":"A"},{"value":"Reader","type":"B","display":"A reader"}]""", Description = "two types are two values, RFC 7643 §2.4")]
    [TestCase("""[{"value":"Writer"}]""", """[{"value":JSON}]""", """[{"value":"Writer"},{"value":"Reader","display":"A reader"}]""")]
    [TestCase("""[{"value":JSON}]""", """[{"value":JSON}]""", """[{"value":"Reader","display":"A reader"}]""", Description = "one that was stored as a string before")]
    public void An_existing_role_is_not_added_again(string stored, string added, string expected) => AreSame(
        Patch($$"""{"roles":{{stored}}}""", $$"""{"op":"Add","path":"roles","value":{{added}}}""")["roles"], expected);

    [TestCase("""{"op":"Remove","path":"roles","value":[{"value":JSON}]}""", null)]
    [TestCase("""{"op":"Remove","path":"roles","value":[JSON]}""", null)]
    [TestCase("""{"op":"Remove","path":"roles","value":[{"value":"{\"value\":\"Writer\"}"}]}""", "Reader")]
    [TestCase("""{"op":"Replace","path":"roles[primary eq \"True\"].value","value":"{\"value\":\"Writer\"}"}""", "Writer")]
    [TestCase("""{"op":"Replace","path":"roles[value eq \"Reader\"]","value":{"value":"{\"value\":\"Writer\"}"}}""", "Writer")]
    public void Are_parsed_where_a_role_is_expected(string operation, string? left)
    {
        var changed = Patch("""{"roles":[{"value":"Reader","primary":true,"type":"T"}]}""", operation);
        Assert.That((string?)changed["roles"]?[0]?["value"], Is.EqualTo(left));
    }

    [TestCase("emails")]
    [TestCase("phoneNumbers")]
    public void Other_strings_that_look_like_JSON_are_kept(string attribute)
    {
        var value = Read($$"""{"userName":"ann","{{attribute}}":[{"value":{{Text}}}]}""")[attribute]![0]!["value"];
        Assert.That((string?)value, Is.EqualTo(Reader));
    }

    [Test]
    public void Is_recorded_as_a_quirk()
    {
        var quirks = new ClientQuirks();
        PatchRequest.Read(Parse($$"""{"Operations":[{"op":"add","path":"roles","value":[{"value":{{Text}}}]}]}"""), quirks)
            .ApplyTo(Parse("""{"userName":"ann"}"""), ResourceType.User);
        Assert.That(quirks.Applied, Is.EqualTo(["json-as-text"]));
    }

    private static string Text => JsonValue.Create(Reader).ToJsonString();

    private static void AreSame(JsonNode? actual, string expected) =>
        Assert.That(JsonNode.DeepEquals(actual, JsonNode.Parse(expected)), Is.True, actual?.ToJsonString());

    private static JsonObject Patch(string user, string operation)
    {
        var document = Parse(user);
        document["userName"] = "ann";
        return PatchRequest.Read(Parse($$"""{"Operations":[{{operation}}]}"""), new ClientQuirks())
            .ApplyTo(document, ResourceType.User);
    }

    private static JsonObject Read(string body) =>
        DocumentReader.Read(ResourceType.User, Parse(body), new ClientQuirks());

    private static JsonObject Parse(string json) =>
        RequestBody.Parse(Encoding.UTF8.GetBytes(json.Replace("JSON", Text, StringComparison.Ordinal)));
}
