using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Patching;

/// <summary>
/// Immutable attributes (RFC 7643 §2.2): badge, and the number of a contract, in a schema that defines them.
/// </summary>
[Parallelizable]
internal sealed class ImmutableTests
{
    private const string With = """{"userName":"ann","title":"Dr","badge":"7","contract":{"number":"1","note":"n"}}""";
    private const string Without = """{"userName":"ann","title":"Dr"}""";

    private static readonly ResourceType Type = new(
        "Person",
        "/People",
        new Schema
        {
            Id = "urn:test:Person",
            Name = "Person",
            Attributes =
            [
                Text("userName"), Text("title"), Text("badge", Mutability.Immutable),
                new()
                {
                    Name = "contract",
                    Type = AttributeType.Complex,
                    SubAttributes = [Text("number", Mutability.Immutable), Text("note")],
                },
            ],
        },
        [])
    {
        Text = "",
    };

    [TestCase(With, """{"userName":"ann"}""", """{"userName":"ann","badge":"7","contract":{"number":"1"}}""", Description = "omitted")]
    [TestCase(With, """{"userName":"bea","badge":"7","contract":{"number":"1"}}""", """{"userName":"bea","badge":"7","contract":{"number":"1"}}""")]
    [TestCase(Without, """{"userName":"ann","badge":"8"}""", """{"userName":"ann","badge":"8"}""")]
    public void Put_keeps_the_value(string before, string body, string expected) =>
        Assert.That(Put(before, body).ToJsonString(), Is.EqualTo(expected));

    [TestCase("""{"userName":"ann","badge":"8"}""")]
    [TestCase("""{"userName":"ann","contract":{"number":"2"}}""")]
    public void Put_does_not_change_it(string body) => Assert.That(
        Assert.Throws<ScimException>(() => Put(With, body))!.Error.ScimType, Is.EqualTo("mutability"));

    [TestCase(With, """{"op":"replace","path":"badge","value":"7"}""", """{"userName":"ann","title":"Dr","badge":"7","contract":{"number":"1","note":"n"}}""", Description = "the same value")]
    [TestCase(With, """{"op":"replace","path":"contract","value":{"note":"m"}}""", """{"userName":"ann","title":"Dr","badge":"7","contract":{"number":"1","note":"m"}}""")]
    [TestCase(Without, """{"op":"add","path":"badge","value":"8"}""", """{"userName":"ann","title":"Dr","badge":"8"}""", Description = "no previous value")]
    public void Patch_adds_it_once(string before, string operation, string expected) =>
        Assert.That(Patch(before, operation).ToJsonString(), Is.EqualTo(expected));

    [TestCase("""{"op":"replace","path":"badge","value":"8"}""")]
    [TestCase("""{"op":"add","path":"badge","value":"8"}""")]
    [TestCase("""{"op":"remove","path":"badge"}""")]
    [TestCase("""{"op":"remove","path":"contract"}""")]
    [TestCase("""{"op":"replace","path":"contract.number","value":"2"}""")]
    [TestCase("""{"op":"replace","value":{"badge":"8"}}""")]
    public void Patch_neither_changes_nor_removes_it(string operation) => Assert.That(
        Assert.Throws<ScimException>(() => Patch(With, operation))!.Error.ScimType, Is.EqualTo("mutability"));

    private static JsonObject Put(string before, string body) =>
        new PutRequest(Parse(body), new ClientQuirks()).ApplyTo(Parse(before), Type);

    private static JsonObject Patch(string before, string operation) =>
        PatchRequest.Read(Parse($$"""{"Operations":[{{operation}}]}"""), new ClientQuirks()).ApplyTo(Parse(before), Type);

    private static JsonObject Parse(string json) => RequestBody.Parse(Encoding.UTF8.GetBytes(json));

    private static SchemaAttribute Text(string name, Mutability mutability = Mutability.ReadWrite) =>
        new() { Name = name, Type = AttributeType.String, Mutability = mutability };
}
