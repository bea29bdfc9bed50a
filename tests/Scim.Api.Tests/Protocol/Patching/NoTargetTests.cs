using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Patching;

/// <summary>
/// A value path that matches nothing is <c>noTarget</c> (RFC 7644 §3.5.2.3). Only <c>type eq</c> and <c>primary eq</c>,
/// with which Entra ID means a new value, create one.
/// </summary>
[Parallelizable]
internal sealed class NoTargetTests
{
    // The main sub-attribute, for each kind of attribute.
    private static readonly string[] attributes =
    [
        "emails.value", "phoneNumbers.value", "ims.value", "photos.value", "addresses.country", "entitlements.value",
        "roles.value", "x509Certificates.value",
    ];

    // $ stands for the main sub-attribute.
    private static readonly string[] otherSelectors =
    [
        "$ eq \"Z29uZQ==\"", "$ ne \"c29tZQ==\"", "$ pr and $ eq \"Z29uZQ==\"", "type ne \"work\"",
        "type pr and type eq \"other\"",
        "type sw \"oth\"", "type co \"oth\"", "type ew \"ther\"", "type gt \"x\"", "type ge \"x\"", "type lt \"a\"",
        "type le \"a\"",
        "type eq \"other\" or type eq \"home\"", "not (type eq \"work\")", "type eq null", "primary ne true",
        "primary eq null",
        "type eq \"other\" and $ eq \"Z29uZQ==\"", "$ eq \"Z29uZQ==\" and type eq \"other\"",
        "type eq \"other\" and primary ne true", "not (primary eq true)",
    ];

    private static readonly string[] operations = ["add", "replace"];

    private static IEnumerable<TestCaseData> Refused =>
        from attribute in attributes
        from selector in otherSelectors
        select new TestCaseData(attribute.Split('.')[0], attribute.Split('.')[1], selector);

    [TestCaseSource(nameof(Refused))]
    public void Other_selectors_create_nothing(string attribute, string sub, string selector)
    {
        var path = $"{attribute}[{selector.Replace("$", sub, StringComparison.Ordinal)}]";
        using (Assert.EnterMultipleScope())
        {
            foreach (var op in operations)
            {
                Assert.That(ErrorOf(op, $"{path}.{sub}", "\"bmV3\""), Is.EqualTo("noTarget"), op);
                Assert.That(ErrorOf(op, $"{path}.type", "\"work\""), Is.EqualTo("noTarget"), op);
                Assert.That(ErrorOf(op, $"{path}.primary", "true"), Is.EqualTo("noTarget"), op);
                Assert.That(ErrorOf(op, path, $$"""{"{{sub}}":"bmV3"}"""), Is.EqualTo("noTarget"), op);
                Assert.That(ErrorOfKey(op, $"{path}.{sub}", "\"bmV3\""), Is.EqualTo("noTarget"), op);
            }
            Assert.That(Apply($$"""{"op":"remove","path":{{Json(path)}}}"""), Is.EqualTo(User.ToJsonString()), "it is gone");
        }
    }

    [TestCase("emails", "nope")]
    [TestCase("emails", "mobile")]
    [TestCase("emails", "")]
    [TestCase("phoneNumbers", "cell")]
    [TestCase("ims", "home")]
    [TestCase("photos", "home")]
    [TestCase("addresses", "mobile")]
    public void A_type_that_is_not_canonical_creates_nothing(string attribute, string type)
    {
        var sub = attribute == "addresses" ? "country" : "value";
        using (Assert.EnterMultipleScope())
        {
            foreach (var op in operations)
            {
                Assert.That(ErrorOf(op, $"{attribute}[type eq \"{type}\"].{sub}", "\"x\""), Is.EqualTo("noTarget"));
                Assert.That(ErrorOf(op, $"{attribute}[type eq \"{type}\"]", $$"""{"{{sub}}":"x"}"""), Is.EqualTo("noTarget"));
            }
        }
    }

    [TestCase("emails", "type eq \"home\"", "value")]
    [TestCase("emails", "TYPE EQ \"Home\"", "VALUE")]
    [TestCase("emails", "type eq \"other\" and primary eq false", "value")]
    [TestCase("phoneNumbers", "type eq \"mobile\"", "value")]
    [TestCase("phoneNumbers", "type eq \"pager\"", "value")]
    [TestCase("ims", "type eq \"skype\"", "value")]
    [TestCase("photos", "type eq \"thumbnail\"", "value")]
    [TestCase("addresses", "type eq \"home\"", "country")]
    [TestCase("roles", "type eq \"anything\"", "value", Description = "the schema has no canonical types")]
    [TestCase("entitlements", "type eq \"anything\"", "value")]
    [TestCase("x509Certificates", "type eq \"anything\"", "value")]
    public void Canonical_types_create_a_value(string attribute, string selector, string sub)
    {
        var path = $"{attribute}[{selector}]";
        using (Assert.EnterMultipleScope())
        {
            foreach (var op in operations)
            {
                foreach (var changed in (string[])
                    [
                        Apply($$"""{"op":"{{op}}","path":{{Json($"{path}.{sub}")}},"value":"bmV3"}"""),
                        Apply($$"""{"op":"{{op}}","path":{{Json(path)}},"value":{"{{sub}}":"bmV3"} }"""),
                        Apply($$"""{"op":"{{op}}","value":{{{Json($"{path}.{sub}")}}:"bmV3"} }"""),
                    ])
                {
                    var values = JsonNode.Parse(changed)![attribute]!.AsArray();
                    Assert.That(values, Has.Count.EqualTo(2));
                    Assert.That(
                        JsonNode.DeepEquals(values[0], User[attribute]![0]), Is.True, "the other one stays as it was");
                    Assert.That((string?)values[1]![sub.ToLowerInvariant()], Is.EqualTo("bmV3"));
                }
            }
        }
    }

    [TestCase("primary eq true")]
    [TestCase("primary eq \"True\"")]
    [TestCase("primary eq true and type eq \"home\"")]
    [TestCase("type eq \"home\" and primary eq \"TRUE\"")]
    public void The_primary_value_is_created_if_none_is_primary(string selector)
    {
        var user = User.DeepClone().AsObject();
        user["emails"]![0]!.AsObject().Remove("primary");
        var changed = Apply($$"""{"op":"replace","path":{{Json($"emails[{selector}].value")}},"value":"n@x"}""", user);
        Assert.That((bool)JsonNode.Parse(changed)!["emails"]![1]!["primary"]!, Is.True);
    }

    [TestCase("emails[type eq \"home\"].primary", "true")]
    [TestCase("emails[type eq \"home\"].type", "\"other\"")]
    [TestCase("emails[type eq \"home\"].display", "\"Home\"")]
    [TestCase("emails[type eq \"home\"]", """{"primary":true}""")]
    [TestCase("emails[type eq \"home\"]", """{"nonsense":1}""")]
    [TestCase("addresses[type eq \"home\"].primary", "true")]
    [TestCase("roles[type eq \"x\"].primary", "\"True\"")]
    [TestCase("phoneNumbers[type eq \"mobile\"].primary", """[{"value":"True"}]""")]
    public void A_value_that_would_consist_of_labels_only_is_not_created(string path, string value)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var op in operations)
            {
                Assert.That(ErrorOf(op, path, value), Is.EqualTo("noTarget"));
                Assert.That(ErrorOfKey(op, path, value), Is.EqualTo("noTarget"));
            }
        }
    }

    [TestCase("""{"op":"add","path":"emails[type eq \"home\"].primary","value":true},{"op":"add","path":"emails[type eq \"home\"].value","value":"h@x"}""", """[{"value":"c29tZQ==","type":"work","primary":false},{"type":"home","primary":true,"value":"h@x"}]""", Description = "label by label")]
    [TestCase("""{"op":"replace","value":{"emails[type eq \"home\"].display":"H","emails[type eq \"home\"].value":"h@x"}}""", """[{"value":"c29tZQ==","type":"work","primary":true},{"type":"home","display":"H","value":"h@x"}]""")]
    [TestCase("""{"op":"add","path":"emails[type eq \"home\"].value","value":"h@x"},{"op":"replace","path":"emails[type eq \"home\"].value","value":""}""", """[{"value":"c29tZQ==","type":"work","primary":true}]""", Description = "cleared again")]
    [TestCase("""{"op":"add","path":"emails[type eq \"home\"].primary","value":true},{"op":"remove","path":"emails[type eq \"home\"]"}""", """[{"value":"c29tZQ==","type":"work","primary":false}]""")]
    [TestCase("""{"op":"add","path":"emails[type eq \"home\"].display","value":"H"},{"op":"replace","path":"emails","value":[{"value":"o@x"}]}""", """[{"value":"o@x"}]""")]
    public void The_combined_outcome_of_all_operations_counts(string operations, string emails) => Assert.That(
        JsonNode.DeepEquals(JsonNode.Parse(Apply(operations))!["emails"], JsonNode.Parse(emails)), Is.True,
        Apply(operations));

    [TestCase("""{"op":"replace","path":"emails[type eq \"home\"].value","value":""}""")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"nope\"].value","value":null}""")]
    [TestCase("""{"op":"add","path":"phoneNumbers[type eq \"mobile\"].value","value":""}""")]
    [TestCase("""{"op":"Replace","path":"addresses[type eq \"home\"].country","value":[{"value":""}]}""")]
    [TestCase("""{"op":"Remove","path":"emails[value eq \"gone@x\"].type"}""")]
    public void Clearing_an_absent_value_changes_nothing(string operation) =>
        Assert.That(Apply(operation), Is.EqualTo(User.ToJsonString()));

    private static JsonObject User => JsonNode.Parse(
        """
        {
          "userName": "ann",
          "emails": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "phoneNumbers": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "ims": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "photos": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "addresses": [{ "country": "c29tZQ==", "type": "work", "primary": true }],
          "entitlements": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "roles": [{ "value": "c29tZQ==", "type": "work", "primary": true }],
          "x509Certificates": [{ "value": "c29tZQ==", "type": "work", "primary": true }]
        }
        """)!.AsObject();

    private static string? ErrorOf(string op, string path, string value) =>
        ErrorOf($$"""{"op":"{{op}}","path":{{Json(path)}},"value":{{value}}}""");

    private static string? ErrorOfKey(string op, string key, string value) =>
        ErrorOf($$"""{"op":"{{op}}","value":{{{Json(key)}}:{{value}} } }""");

    private static string? ErrorOf(string operation)
    {
        try
        {
            return Apply(operation);
        }
        catch (ScimException refusal)
        {
            return refusal.Error.ScimType;
        }
    }

    private static string Apply(string operations, JsonObject? user = null)
    {
        var body = RequestBody.Parse(Encoding.UTF8.GetBytes($$"""{"Operations":[{{operations}}]}"""));
        return PatchRequest.Read(body, new ClientQuirks()).ApplyTo(user ?? User, ResourceType.User).ToJsonString();
    }

    private static string Json(string text) => JsonValue.Create(text).ToJsonString();
}
