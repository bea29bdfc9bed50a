using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Schemas;

internal sealed class SchemaTests
{
    [Test(Description = "RFC 7643 §4.1")]
    public void The_user_has_all_core_attributes_except_the_password() => Assert.That(
        Schema.Find("urn:ietf:params:scim:schemas:core:2.0:User")!.Attributes.Select(attribute => attribute.Name),
        Is.EqualTo((string[])
        [
            "userName", "name", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage",
            "locale", "timezone", "active", "emails", "phoneNumbers", "ims", "photos", "addresses", "groups",
            "entitlements", "roles", "x509Certificates",
        ]));

    [Test(Description = "RFC 7643 §4.3")]
    public void The_enterprise_extension_is_complete() => Assert.That(
        Schema.Find("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")!.Attributes.Select(a => a.Name),
        Is.EqualTo((string[])["employeeNumber", "costCenter", "organization", "division", "department", "manager"]));

    [TestCase("name", "formatted familyName givenName middleName honorificPrefix honorificSuffix")]
    [TestCase("emails", "value display type primary")]
    [TestCase("phoneNumbers", "value display type primary")]
    [TestCase("ims", "value display type primary")]
    [TestCase("photos", "value display type primary")]
    [TestCase("addresses", "formatted streetAddress locality region postalCode country type primary")]
    [TestCase("groups", "value $ref display type")]
    [TestCase("entitlements", "value display type primary")]
    [TestCase("roles", "value display type primary")]
    [TestCase("x509Certificates", "value display type primary")]
    [TestCase(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value $ref displayName",
        Description = "RFC 7643 §4.3")]
    public void Complex_attributes_have_all_their_sub_attributes(string name, string parts)
    {
        Assert.That(AttributePath.TryParse(name, out var path), Is.True);
        Assert.That(
            ResourceType.User.Find(path!)!.Attribute!.SubAttributes.Select(part => part.Name),
            Is.EquivalentTo(parts.Split(' ')));
    }

    [Test(Description = "RFC 7643 §7")]
    public void Every_attribute_has_all_characteristics()
    {
        var schemas = Schema.All.Select(schema => JsonNode.Parse(schema.Text)!["attributes"]!.AsArray());
        foreach (var attribute in schemas.SelectMany(All))
        {
            var name = (string)attribute["name"]!;
            var type = (string)attribute["type"]!;
            List<string> parts = ["name", "type", "multiValued", "description", "required", "mutability", "returned"];
            if (type is "string" or "reference" or "binary")
                parts.Add("caseExact");
            if (type == "reference")
                parts.Add("referenceTypes");
            if (type == "complex")
                parts.Add("subAttributes");
            Assert.That(attribute.AsObject().Select(part => part.Key), Is.SupersetOf(parts), name);
            Assert.That((string)attribute["returned"]!, Is.Not.EqualTo("never"), name);
        }
    }

    [Test]
    public void Every_attribute_is_printed_as_its_name()
    {
        var attributes = Schema.All.Append(Schema.Common).SelectMany(schema => schema.Attributes)
            .SelectMany(attribute => attribute.SubAttributes.Prepend(attribute));
        foreach (var attribute in attributes)
            Assert.That(attribute.ToString(), Is.EqualTo(attribute.Name));
    }

    private static IEnumerable<JsonNode> All(JsonArray attributes) =>
        attributes.SelectMany(a => new[] { a! }.Concat(All(a!["subAttributes"] as JsonArray ?? [])));
}
