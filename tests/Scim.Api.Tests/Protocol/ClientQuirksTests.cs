using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol;

/// <summary>
/// Corrections are recorded by name; what the RFCs allow is not a quirk. The results are tested with the engine.
/// </summary>
[Parallelizable]
internal sealed class ClientQuirksTests
{
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private const string User =
        $$"""
        {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"1","userName":"ann","title":"Dr",
         "emails":[{"value":"a@x.com","type":"home"}],"{{Enterprise}}":{"department":"D"} }
        """;

    [TestCase("""{"op":"replace","path":"title","value":"x"}""", "")]
    [TestCase("""{"op":"Replace","path":"title","value":"x"}""", "capital-op")]
    [TestCase("""{"op":"add","path":"","value":{"title":"x"}}""", "empty-path")]
    [TestCase("""{"op":"replace","value":{"title":"x"}}""", "")]
    [TestCase("""{"op":"replace","value":{"title":"x","id":"1"}}""", "read-only-echo")]
    [TestCase("""{"op":"replace","value":{"id":"other","title":"x"}}""", "read-only-echo")]
    [TestCase("""{"op":"replace","path":"id","value":"1"}""", "read-only-echo")]
    [TestCase("""{"op":"replace","value":{"active":"False"}}""", "string-boolean")]
    [TestCase("""{"op":"replace","path":"active","value":"TRUE"}""", "string-boolean")]
    [TestCase("""{"op":"add","path":"emails","value":[{"value":"b@x.com","primary":"True"}]}""", "string-boolean")]
    [TestCase("""{"op":"replace","path":"title","value":""}""", "empty-as-removal")]
    [TestCase("""{"op":"replace","path":"title","value":null}""", "empty-as-removal")]
    [TestCase("""{"op":"replace","path":"emails","value":[]}""", "empty-as-removal")]
    [TestCase("""{"op":"replace","value":{"title":""}}""", "empty-as-removal")]
    [TestCase("""{"op":"remove","path":"title"}""", "")]
    [TestCase("""{"op":"add","path":"ENT:manager","value":"42"}""", "bare-value")]
    [TestCase("""{"op":"add","path":"ENT:manager","value":[{"value":"42"}]}""", "list-for-single")]
    [TestCase("""{"op":"replace","path":"ENT:manager","value":{"value":""}}""", "empty-as-removal")]
    [TestCase("""{"op":"add","path":"ENT:manager","value":{"value":"42"}}""", "")]
    [TestCase("""{"op":"add","path":"ENT:manager","value":{"value":"42","displayName":"Boss"}}""", "read-only-echo")]
    [TestCase("""{"op":"add","path":"emails","value":{"value":"b@x.com"}}""", "single-for-list")]
    [TestCase("""{"op":"add","path":"emails","value":"b@x.com"}""", "bare-value single-for-list")]
    [TestCase("""{"op":"replace","value":{"name.givenName":"A"}}""", "path-as-key")]
    [TestCase("""{"op":"replace","value":{"ENT:department":"A"}}""", "path-as-key")]
    [TestCase("""{"op":"replace","value":{"emails[type eq \"home\"].value":"b@x.com"}}""", "path-as-key")]
    [TestCase("""{"op":"replace","value":{"ENT":{"department":"A"}}}""", "")]
    [TestCase("""{"op":"replace","path":"ENT","value":{"department":"A"}}""", "")]
    [TestCase("""{"op":"add","path":"emails[type eq \"work\"].value","value":"b@x.com"}""", "created-on-no-match")]
    [TestCase("""{"op":"replace","path":"emails[type eq \"home\"].value","value":"b@x.com"}""", "")]
    [TestCase("""{"op":"remove","path":"emails","value":[{"value":"a@x.com"}]}""", "removal-by-value")]
    [TestCase("""{"op":"remove","path":"emails"}""", "")]
    [TestCase("""{"op":"replace","value":{"favouriteColour":"red","title":"x"}}""", "unknown-attribute")]
    [TestCase("""{"op":"replace","path":"password","value":"x"}""", "password-dropped")]
    [TestCase("""{"op":"replace","value":{"password":"x"}}""", "password-dropped")]
    [TestCase("""{"op":"Replace","path":"active","value":"False"},{"op":"Add","path":"title","value":""}""", "capital-op empty-as-removal string-boolean")]
    public void Are_named_in_a_PATCH(string operations, string expected)
    {
        var written = operations.Replace("ENT", Enterprise, StringComparison.Ordinal);
        var body = Parse($$"""{"Operations":[{{written}}]}""");
        var quirks = new ClientQuirks();
        PatchRequest.Read(body, quirks).ApplyTo(Parse(User), ResourceType.User);
        Assert.That(string.Join(' ', quirks.Applied), Is.EqualTo(expected));
    }

    [TestCase("""{"userName":"ann","title":"x","active":true}""", "")]
    [TestCase("""{"schemas":["x"],"id":"1","meta":{"version":"1"},"externalId":"1","userName":"ann"}""", "")]
    [TestCase("""{"userName":"ann","title":null,"emails":[],"groups":[]}""", "", Description = "absent, RFC 7643 §2.5")]
    [TestCase("""{"userName":"ann","title":""}""", "empty-as-removal")]
    [TestCase("""{"userName":"ann","active":"true"}""", "string-boolean")]
    [TestCase("""{"userName":"ann","groups":[{"value":"g"}]}""", "read-only-echo")]
    [TestCase("""{"userName":"ann","password":"x"}""", "password-dropped")]
    [TestCase("""{"userName":"ann","favouriteColour":"red"}""", "unknown-attribute")]
    [TestCase("""{"userName":"ann","name":{"nick":"x"}}""", "unknown-attribute")]
    [TestCase("""{"userName":"ann","not a name":1}""", "unknown-attribute")]
    [TestCase("""{"userName":"ann","emails":{"value":"a@x.com"}}""", "single-for-list")]
    [TestCase("""{"userName":"ann","emails":["a@x.com"]}""", "bare-value")]
    [TestCase("""{"userName":"ann","ENT":{"manager":"42"}}""", "bare-value")]
    [TestCase("""{"userName":"ann","ENT":{"manager":[{"value":"42"}]}}""", "list-for-single")]
    public void Are_named_in_a_whole_user(string user, string expected)
    {
        var quirks = new ClientQuirks();
        DocumentReader.Read(
            ResourceType.User, Parse(user.Replace("ENT", Enterprise, StringComparison.Ordinal)), quirks);
        Assert.That(string.Join(' ', quirks.Applied), Is.EqualTo(expected));
    }

    private static JsonObject Parse(string json) => RequestBody.Parse(Encoding.UTF8.GetBytes(json));
}
