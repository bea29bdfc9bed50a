using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Schemas;

internal sealed class AttributePathTests
{
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    [TestCase("userName", "userName")]
    [TestCase("USERNAME", "userName")]
    [TestCase("name.GIVENNAME", "name.givenName")]
    [TestCase("externalId", "externalId")]
    [TestCase("meta.lastModified", "meta.lastModified")]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User:emails.value", "emails.value")]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:user:emails.value", "emails.value")]
    [TestCase(Enterprise + ":department", "+department")]
    [TestCase(Enterprise + ":manager.value", "+manager.value")]
    [TestCase(Enterprise + ":manager.$ref", "+manager.$ref")]
    [TestCase(Enterprise, "+")]
    [TestCase("department", "+department", Description = "unambiguous without the URN")]
    [TestCase("manager.value", "+manager.value")]
    [TestCase("manager.nonsense", null)]
    [TestCase(Enterprise + ":", "+")]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User", null, Description = "the whole core schema is not an attribute")]
    [TestCase("userName.value", null)]
    [TestCase("password", null)]
    [TestCase("urn:other:userName", null)]
    [TestCase(Enterprise + ":userName", null)]
    public void Finds_in_the_schema(string text, string? found)
    {
        Assert.That(AttributePath.TryParse(text, out var path), Is.True);
        var target = ResourceType.User.Find(path!);
        var name = target is null
            ? null
            : (target.Extension is null ? "" : "+") + target.Attribute?.Name + (
                target.Sub is null ? "" : "." + target.Sub.Name);
        Assert.That(name, Is.EqualTo(found));
    }
}
