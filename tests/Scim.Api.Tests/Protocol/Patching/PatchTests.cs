using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Patching;

/// <summary>
/// Operations on this user. The expectation is the changed attribute only, because a whole user does not fit on a line.
/// </summary>
internal sealed class PatchTests
{
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private const string User =
        $$"""
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "{{Enterprise}}"], "id": "1",
          "userName": "ann", "name": { "givenName": "Ann", "familyName": "Lee" }, "title": "Dr", "active": true,
          "emails": [ { "value": "w@x", "type": "work", "primary": true }, { "value": "h@x", "type": "home" } ],
          "{{Enterprise}}": { "department": "Sales", "manager": { "value": "7", "$ref": "../Users/7" } }
        }
        """;

    // Single values.
    [TestCase("""{"op":"add","path":"nickName","value":"A"}""", "nickName", "\"A\"")]
    [TestCase("""{"op":"add","path":"title","value":"Prof"}""", "title", "\"Prof\"")]
    [TestCase("""{"op":"replace","path":"title","value":"Prof"}""", "title", "\"Prof\"")]
    [TestCase("""{"op":"replace","path":"nickName","value":"A"}""", "nickName", "\"A\"", Description = "replace of an absent value adds it")]
    [TestCase("""{"op":"remove","path":"title"}""", "title", null)]
    [TestCase("""{"op":"remove","path":"nickName"}""", "nickName", null)]
    [TestCase("""{"op":"replace","path":"USERNAME","value":"Bob"}""", "userName", "\"Bob\"")]
    [TestCase("""{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:title","value":"Prof"}""", "title", "\"Prof\"")]
    // Complex values keep the other sub-attributes.
    [TestCase("""{"op":"add","path":"name","value":{"givenName":"Bea"}}""", "name", """{"givenName":"Bea","familyName":"Lee"}""")]
    [TestCase("""{"op":"replace","path":"name","value":{"GIVENNAME":"Bea","middleName":"M"}}""", "name", """{"givenName":"Bea","familyName":"Lee","middleName":"M"}""")]
    [TestCase("""{"op":"replace","path":"name","value":{"familyName":null}}""", "name", """{"givenName":"Ann"}""")]
    [TestCase("""{"op":"replace","path":"name.givenName","value":"Bea"}""", "name", """{"givenName":"Bea","familyName":"Lee"}""")]
    [TestCase("""{"op":"add","path":"name.middleName","value":"M"}""", "name", """{"givenName":"Ann","familyName":"Lee","middleName":"M"}""")]
    [TestCase("""{"op":"remove","path":"name.givenName"}""", "name", """{"familyName":"Lee"}""")]
    [TestCase("""{"op":"remove","path":"name"}""", "name", null)]
    // Several values.
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"o@x","type":"other"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x","type":"other"}]""")]
    [TestCase("""{"op":"add","path":"emails","value":{"value":"o@x"}}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x"}]""")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"h@x","type":"home"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""", Description = "it already exists")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"h@x","type":"home","display":"H"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home","display":"H"}]""", Description = "the same value and type")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"H@X","type":"HOME"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"H@X","type":"HOME"}]""", Description = "the same except for letter case: the last spelling is kept")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"O@x"},{"value":"o@X"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"O@x"}]""")]
    [TestCase("""{"op":"replace","path":"emails","value":[{"value":"O@x"},{"value":"o@X","primary":true}]}""", "emails", """[{"value":"O@x","primary":true}]""")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"home\"]","value":{"value":"W@X","type":"Work"}}""", "emails", """[{"value":"w@x","type":"work","primary":true}]""", Description = "it becomes another value")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"work\"].value","value":"H@X"},{"op":"replace","path":"emails[type eq \"home\"].type","value":"work"}""", "emails", """[{"value":"H@X","type":"work","primary":true}]""")]
    [TestCase("""{"op":"add","path":"x509Certificates","value":[{"value":"aGVsbG8"}]},{"op":"add","path":"x509Certificates","value":[{"value":"aGVsbG8=","display":"C"}]}""", "x509Certificates", """[{"value":"aGVsbG8=","display":"C"}]""")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"o@x","primary":true}]}""", "emails", """[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home"},{"value":"o@x","primary":true}]""", Description = "the others are no longer primary")]
    [TestCase("""{"op":"replace","path":"emails","value":[{"value":"o@x"}]}""", "emails", """[{"value":"o@x"}]""")]
    [TestCase("""{"op":"replace","path":"emails","value":[]}""", "emails", null)]
    [TestCase("""{"op":"remove","path":"emails"}""", "emails", null)]
    [TestCase("""{"op":"add","path":"roles","value":["a",{"value":"b"}]}""", "roles", """[{"value":"a"},{"value":"b"}]""")]
    // Value paths.
    [TestCase("""{"op":"replace","path":"emails[type eq \"work\"].value","value":"n@x"}""", "emails", """[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"replace","path":"emails[type EQ \"WORK\"].VALUE","value":"n@x"}""", "emails", """[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"add","path":"emails[type eq \"home\"].display","value":"H"}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home","display":"H"}]""")]
    [TestCase("""{"op":"replace","path":"emails[value ew \"x\"].type","value":"other"}""", "emails", """[{"value":"w@x","type":"other","primary":true},{"value":"h@x","type":"other"}]""", Description = "all matching values")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"work\"]","value":{"value":"n@x"}}""", "emails", """[{"type":"work","value":"n@x"},{"value":"h@x","type":"home"}]""", Description = "replaced, not merged")]
    [TestCase("""{"op":"replace","path":"emails[value eq \"h@x\"]","value":{"type":"other","primary":true}}""", "emails", """[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"other","primary":true}]""")]
    [TestCase("""{"op":"add","path":"emails[type eq \"work\"]","value":{"display":"W"}}""", "emails", """[{"value":"w@x","type":"work","primary":true,"display":"W"},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"home\"].primary","value":true}""", "emails", """[{"value":"w@x","type":"work","primary":false},{"value":"h@x","type":"home","primary":true}]""")]
    [TestCase("""{"op":"remove","path":"emails[type eq \"work\"]"}""", "emails", """[{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"remove","path":"emails[type eq \"work\"].primary"}""", "emails", """[{"value":"w@x","type":"work"},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"remove","path":"emails[value pr]"}""", "emails", null)]
    [TestCase("""{"op":"remove","path":"emails[type eq \"other\"]"}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"remove","path":"emails[not (type eq \"work\")]"}""", "emails", """[{"value":"w@x","type":"work","primary":true}]""")]
    // Extensions.
    [TestCase("""{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"IT"}""", Enterprise, """{"department":"IT","manager":{"value":"7","$ref":"../Users/7"}}""")]
    [TestCase("""{"op":"replace","path":"URN:IETF:PARAMS:SCIM:SCHEMAS:EXTENSION:ENTERPRISE:2.0:USER:Department","value":"IT"}""", Enterprise, """{"department":"IT","manager":{"value":"7","$ref":"../Users/7"}}""")]
    [TestCase("""{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","value":{"department":"IT"}}""", Enterprise, """{"department":"IT","manager":{"value":"7","$ref":"../Users/7"}}""")]
    [TestCase("""{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"}""", Enterprise, null)]
    [TestCase("""{"op":"remove","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"}""", Enterprise, """{"department":"Sales"}""")]
    [TestCase("""{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value","value":"8"}""", Enterprise, """{"department":"Sales","manager":{"value":"8"}}""", Description = "the $ref belonged to the old value")]
    // Without a path.
    [TestCase("""{"op":"replace","value":{"active":false}}""", "active", "false")]
    [TestCase("""{"op":"add","value":{"nickName":"A","name":{"givenName":"Bea"}}}""", "name", """{"givenName":"Bea","familyName":"Lee"}""")]
    [TestCase("""{"op":"add","value":{"emails":[{"value":"o@x"}]}}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x"}]""")]
    [TestCase("""{"op":"replace","value":{"emails":[{"value":"o@x"}]}}""", "emails", """[{"value":"o@x"}]""")]
    [TestCase("""{"op":"replace","path":"","value":{"title":"Prof"}}""", "title", "\"Prof\"")]
    // Entra ID: capitals, strings for booleans, values created if none matches, strings and lists for the manager.
    [TestCase("""{"op":"Replace","path":"active","value":"False"}""", "active", "false")]
    [TestCase("""{"op":"ADD","path":"nickName","value":"A"}""", "nickName", "\"A\"")]
    [TestCase("""{"op":"Add","path":"emails[type eq \"other\"].value","value":"o@x"}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"type":"other","value":"o@x"}]""")]
    [TestCase("""{"op":"Replace","path":"phoneNumbers[type eq \"mobile\"].value","value":"+47"}""", "phoneNumbers", """[{"type":"mobile","value":"+47"}]""")]
    [TestCase("""{"op":"Replace","path":"addresses[type eq \"work\"].country","value":"NO"}""", "addresses", """[{"type":"work","country":"NO"}]""")]
    [TestCase("""{"op":"Replace","path":"emails[primary eq \"True\"].value","value":"n@x"}""", "emails", """[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Add","path":"roles[primary eq \"True\"].value","value":"r"}""", "roles", """[{"primary":true,"value":"r"}]""")]
    [TestCase("""{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"8"}""", Enterprise, """{"department":"Sales","manager":{"value":"8"}}""")]
    [TestCase("""{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"$ref":"../Users/8","value":"8"}]}""", Enterprise, """{"department":"Sales","manager":{"value":"8","$ref":"../Users/8"}}""")]
    [TestCase("""{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":""}""", Enterprise, """{"department":"Sales"}""")]
    [TestCase("""{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":{"value":""}}""", Enterprise, """{"department":"Sales"}""")]
    [TestCase("""{"op":"Replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":null}""", Enterprise, """{"department":"Sales"}""")]
    [TestCase("""{"op":"Replace","path":"title","value":""}""", "title", null)]
    [TestCase("""{"op":"Replace","path":"title","value":null}""", "title", null)]
    [TestCase("""{"op":"Replace","path":"emails[type eq \"work\"].value","value":""}""", "emails", """[{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Replace","path":"emails[type eq \"work\"].value","value":null}""", "emails", """[{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Replace","path":"emails[type eq \"other\"].value","value":""}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"replace","value":{"name.givenName":"Bea","title":"Prof"}}""", "name", """{"givenName":"Bea","familyName":"Lee"}""")]
    [TestCase("""{"op":"replace","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"7"}}""", Enterprise, """{"department":"Sales","manager":{"value":"7","$ref":"../Users/7"},"employeeNumber":"7"}""")]
    [TestCase("""{"op":"replace","value":{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"IT","manager.value":"8"}}}""", Enterprise, """{"department":"IT","manager":{"value":"8"}}""")]
    [TestCase("""{"op":"replace","value":{"emails[type eq \"work\"].value":"n@x"}}""", "emails", """[{"value":"n@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":[{"value":"W@X"}]}""", "emails", """[{"value":"h@x","type":"home"}]""", Description = "some, not all")]
    [TestCase("""{"op":"Remove","path":"emails","value":[{"$ref":null,"value":"nobody"}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":[]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":[{}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":[{"nonsense":1}]}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":["w@x"]}""", "emails", """[{"value":"h@x","type":"home"}]""")]
    [TestCase("""{"op":"Remove","path":"emails","value":{"type":"home"}}""", "emails", """[{"value":"w@x","type":"work","primary":true}]""")]
    [TestCase("""{"op":"add","path":"emails","value":null}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"}]""", Description = "nothing to add")]
    // Okta, authentik: read-only and unknown attributes are sent back; passwords are sent.
    [TestCase("""{"op":"replace","value":{"id":"1","meta":{"version":"x"},"groups":[],"schemas":["x"],"unknown":1,"title":"Prof"}}""", "title", "\"Prof\"")]
    [TestCase("""{"op":"replace","path":"id","value":"1"}""", "title", "\"Dr\"")]
    [TestCase("""{"op":"replace","path":"groups","value":[]}""", "groups", null)]
    [TestCase("""{"op":"replace","value":{"password":"secret"}}""", "password", null)]
    [TestCase("""{"op":"replace","path":"password","value":"secret"}""", "password", null)]
    [TestCase("""{"op":"add","path":"schemas","value":["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]}""", "title", "\"Dr\"", Description = "RFC 7644 §3.5.2: it is already so")]
    // One after the other.
    [TestCase("""{"op":"remove","path":"emails"},{"op":"add","path":"emails","value":[{"value":"o@x"}]}""", "emails", """[{"value":"o@x"}]""")]
    [TestCase("""{"op":"Add","path":"phoneNumbers[type eq \"work\"].value","value":"1"},{"op":"Replace","path":"phoneNumbers[type eq \"work\"].value","value":"2"}""", "phoneNumbers", """[{"type":"work","value":"2"}]""")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"o@x","primary":true}]},{"op":"replace","path":"emails[type eq \"work\"].primary","value":true}""", "emails", """[{"value":"w@x","type":"work","primary":true},{"value":"h@x","type":"home"},{"value":"o@x","primary":false}]""")]
    public void Changes(string operations, string attribute, string? expected) =>
        Assert.That(Apply(operations)[attribute] is { } value ? Resource.Text(value) : null, Is.EqualTo(expected));

    [TestCase("""{"op":"replace","path":"nonsense","value":1}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"name.nonsense","value":1}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"work\"].nonsense","value":1}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"name[givenName pr]","value":{}}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"userName[value eq \"x\"]","value":"x"}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"emails[","value":1}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":5,"value":1}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"emails.type","value":"work"}""", "invalidPath", Description = "several values")]
    [TestCase("""{"op":"replace","path":"emails[nonsense pr].value","value":"x"}""", "invalidFilter")]
    [TestCase("""{"op":"remove","path":"addresses[nonsense pr]"}""", "invalidFilter")]
    [TestCase("""{"op":"replace","path":"emails[primary gt true].value","value":"x"}""", "invalidFilter")]
    [TestCase("""{"op":"replace","path":"emails[type ne \"work\" and type ne \"home\"].value","value":"x"}""", "noTarget")]
    [TestCase("""{"op":"replace","path":"emails[value co \"nobody\"]","value":{"value":"x"}}""", "noTarget")]
    [TestCase("""{"op":"remove"}""", "noTarget")]
    [TestCase("""{"op":"replace","path":"id","value":"2"}""", "mutability")]
    [TestCase("""{"op":"remove","path":"id"}""", "mutability")]
    [TestCase("""{"op":"replace","path":"meta.created","value":"2011-05-13T04:42:34Z"}""", "mutability")]
    [TestCase("""{"op":"add","path":"groups","value":[{"value":"g"}]}""", "mutability")]
    [TestCase("""{"op":"replace","path":"active","value":"maybe"}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"title","value":{"a":1}}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"name","value":"Ann"}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"name","value":["Ann","Bea"]}""", "invalidValue")]
    [TestCase("""{"op":"remove","path":"userName"}""", "mutability", Description = "RFC 7644 §3.5.2.2: it is required")]
    [TestCase("""{"op":"replace","path":"userName","value":null}""", "invalidValue")]
    [TestCase("""{"op":"replace","value":{"userName":[]}}""", "invalidValue")]
    [TestCase("""{"op":"add","path":"schemas","value":["urn:nobody:knows"]}""", "mutability")]
    [TestCase("""{"op":"remove","path":"schemas"}""", "mutability")]
    [TestCase("""{"op":"replace","path":"userName","value":""}""", "invalidValue")]
    [TestCase("""{"op":"add","path":"title"}""", "invalidValue")]
    [TestCase("""{"op":"replace","value":"x"}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"emails","value":[{"value":"a","primary":true},{"value":"b","primary":true}]}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User","value":"x"}""", "invalidValue")]
    [TestCase("""{"op":"move","path":"title","value":"x"}""", "invalidSyntax")]
    [TestCase("""{"path":"title","value":"x"}""", "invalidSyntax")]
    [TestCase("""{"op":["add"],"path":"title","value":"x"}""", "invalidSyntax")]
    [TestCase("5", "invalidSyntax")]
    [TestCase("", "invalidSyntax")]
    public void Refuses(string operations, string scimType) =>
        Assert.That(Assert.Throws<ScimException>(() => Apply(operations))!.Error.ScimType, Is.EqualTo(scimType));

    [TestCase("""{"op":"remove","path":"emails","value":[MANY]}""", 1, Description = "also the last of 500 values")]
    [TestCase("""{"op":"add","path":"emails","value":[MANY]}""", 1)]
    [TestCase("""{"op":"replace","path":"emails[value eq \"9@example.com\"].display","value":"x"}""", 200)]
    public void Accepts_operations_on_many_values(string operation, int times) =>
        Assert.That(() => Apply(Many(operation, times), UserWithMany()), Throws.Nothing);

    [TestCase("""{"op":"remove","path":"emails","value":[OTHERS]}""")]
    [TestCase("""{"op":"add","path":"emails","value":[MANY]}""")]
    [TestCase("""{"op":"replace","path":"emails","value":[MANY]}""")]
    [TestCase("""{"op":"replace","path":"emails[not (value pr or value pr or value pr or value pr or value pr or value pr or value pr or value pr or value pr or value pr) or value eq \"9@example.com\"].display","value":"x"}""")]
    [TestCase("""{"op":"replace","value":{SPREAD}}""")]
    public void Refuses_operations_that_compare_too_much(string operation) => Assert.That(
        Assert.Throws<ScimException>(() => Apply(Many(operation, 200), UserWithMany()))!.Error.ScimType,
        Is.EqualTo("tooMany"));

    [Test]
    public void Does_not_change_the_original_document()
    {
        var user = JsonNode.Parse(User)!.AsObject();
        Apply("""{"op":"remove","path":"emails"},{"op":"replace","path":"name.givenName","value":"Bea"}""", user);
        Assert.That(JsonNode.DeepEquals(user, JsonNode.Parse(User)), Is.True);
    }

    private static string Many(string operation, int times) => string.Join(',', Enumerable.Repeat(operation, times))
        .Replace("MANY", string.Join(',', Addresses.Select(address => $"\"{address}\"")), StringComparison.Ordinal)
        .Replace("OTHERS", string.Join(',', Addresses.Select(address => $"\"x{address}\"")), StringComparison.Ordinal)
        .Replace("SPREAD", string.Join(',', Enumerable.Range(0, 20).Select(i =>
            $"\"emails[value sw \\\"{i}@\\\"].display\":\"x\"")), StringComparison.Ordinal);

    private static JsonObject UserWithMany()
    {
        var user = JsonNode.Parse(User)!.AsObject();
        user["emails"] = new JsonArray([.. Addresses.Select(address => new JsonObject { ["value"] = address })]);
        return user;
    }

    private static IEnumerable<string> Addresses =>
        Enumerable.Range(0, DocumentReader.MaxValues).Select(i => $"{i}@example.com");

    private static JsonObject Apply(string operations, JsonObject? user = null)
    {
        var body = RequestBody.Parse(Encoding.UTF8.GetBytes($$"""{"operations":[{{operations}}]}"""));
        return PatchRequest.Read(body, new ClientQuirks())
            .ApplyTo(user ?? JsonNode.Parse(User)!.AsObject(), ResourceType.User);
    }
}
