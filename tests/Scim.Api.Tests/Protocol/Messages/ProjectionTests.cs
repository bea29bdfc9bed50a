using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>
/// The returned attributes of a user with an extension that hides some (RFC 7643 §2.2, RFC 7644 §3.9).
/// </summary>
internal sealed class ProjectionTests
{
    private const string Urn = "urn:example:2.0:Test";

    private const string User =
        $$"""
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "ann", "title": "Dr",
          "emails": [ { "value": "a@x", "type": "work" } ], "meta": { "resourceType": "User", "version": "W/\"1\"" },
          "{{Urn}}": { "plain": "p", "asked": "a", "never": "n", "box": { "plain": "p", "asked": "a", "never": "n" } }
        }
        """;

    private static readonly ResourceType Type = new("User", "/Users", ResourceType.User.Schema, [Schema.Parse(
        $$"""
        { "id": "{{Urn}}", "name": "Test", "attributes": [
          { "name": "plain", "type": "string" }, { "name": "asked", "type": "string", "returned": "request" },
          { "name": "never", "type": "string", "returned": "never", "mutability": "writeOnly" },
          { "name": "absent", "type": "string" },
          { "name": "box", "type": "complex", "subAttributes": [
            { "name": "absent", "type": "string" }, { "name": "plain", "type": "string" }, { "name": "asked", "type": "string", "returned": "request" },
            { "name": "never", "type": "string", "returned": "never" } ] } ] }
        """)])
    {
        Text = "",
    };

    [TestCase("", "", "schemas,id,userName,title,emails,meta,*", "plain,box[plain]")]
    [TestCase("title", "", "schemas,id,title", "")]
    [TestCase("TITLE, userName", "", "schemas,id,title,userName", "")]
    [TestCase("nonsense", "", "schemas,id", "")]
    [TestCase("urn:example:2.0:Test", "", "schemas,id,*", "plain,box[plain]")]
    [TestCase("urn:example:2.0:Test:plain", "", "schemas,id,*", "plain")]
    [TestCase("urn:example:2.0:Test:asked", "", "schemas,id,*", "asked")]
    [TestCase("urn:example:2.0:Test:never", "", "schemas,id", "")]
    [TestCase("urn:example:2.0:Test:box", "", "schemas,id,*", "box[plain]")]
    [TestCase("urn:example:2.0:Test:box.asked", "", "schemas,id,*", "box[asked]")]
    [TestCase("urn:example:2.0:Test:box.never,title", "", "schemas,id,*,title", "box[]")]
    [TestCase("", "title,emails,id,schemas", "schemas,id,userName,meta,*", "plain,box[plain]")]
    [TestCase("", "urn:example:2.0:Test,meta", "schemas,id,userName,title,emails", "")]
    [TestCase("", "urn:example:2.0:Test:plain", "schemas,id,userName,title,emails,meta,*", "box[plain]")]
    [TestCase("", "nonsense", "schemas,id,userName,title,emails,meta,*", "plain,box[plain]")]
    public void Returns(string attributes, string excluded, string expected, string inExtension)
    {
        var user = JsonNode.Parse(User)!.AsObject();
        Projection.Read([attributes], [excluded]).ApplyTo(user, Type);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                user.Select(member => member.Key == Urn ? "*" : member.Key), Is.EquivalentTo(expected.Split(',')));
            Assert.That(Shown(user[Urn]), Is.EqualTo(inExtension));
        }
    }

    [TestCase("", "", "CORE EXT")]
    [TestCase("userName", "", "CORE", Description = "nothing of the extension is returned")]
    [TestCase("nonsense", "", "CORE")]
    [TestCase("schemas", "", "CORE")]
    [TestCase("urn:example:2.0:Test:plain", "", "CORE EXT")]
    [TestCase("plain", "", "CORE EXT")]
    [TestCase("urn:example:2.0:Test", "", "CORE EXT")]
    [TestCase("urn:example:2.0:Test:", "", "CORE EXT")]
    [TestCase("urn:example:2.0:Test:never", "", "CORE")]
    [TestCase("urn:example:2.0:Test:absent", "", "CORE", Description = "the user does not have it")]
    [TestCase("urn:example:2.0:Test:box.absent", "", "CORE")]
    [TestCase("", "urn:example:2.0:Test", "CORE")]
    [TestCase("", "URN:EXAMPLE:2.0:TEST", "CORE")]
    [TestCase("", "urn:example:2.0:Test:plain", "CORE EXT")]
    [TestCase("", "urn:example:2.0:Test:plain,urn:example:2.0:Test:box", "CORE")]
    [TestCase("", "schemas", "CORE EXT", Description = "returned always")]
    public void Schemas_are_those_of_the_returned_attributes(string attributes, string excluded, string expected)
    {
        var user = JsonNode.Parse(User)!.AsObject();
        user["schemas"]!.AsArray().Add(Urn);
        Projection.Read([attributes], [excluded]).ApplyTo(user, Type);
        Assert.That(
            string.Join(' ', user["schemas"]!.AsArray().Select(urn => (string?)urn == Urn ? "EXT" : "CORE")),
            Is.EqualTo(expected));
    }

    private static string Shown(JsonNode? extension) =>
        string.Join(',', (extension as JsonObject ?? []).Select(member =>
        member.Value is JsonObject parts ? $"{member.Key}[{string.Join(',', parts.Select(p => p.Key))}]" : member.Key));
}
