using System.Text;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tests.Protocol.Messages;

internal sealed class RequestBodyTests
{
    [TestCase("", "not well-formed JSON")]
    [TestCase("{", "not well-formed JSON")]
    [TestCase("{}}", "not well-formed JSON")]
    [TestCase("{'a':1}", "not well-formed JSON")]
    [TestCase("{\"a\":1,}", "not well-formed JSON")]
    [TestCase("{\"a\":1} {\"b\":1}", "not well-formed JSON")]
    [TestCase("{/* no */}", "not well-formed JSON")]
    [TestCase("[]", "must be one JSON object")]
    [TestCase("null", "must be one JSON object")]
    [TestCase("\"text\"", "must be one JSON object")]
    [TestCase("{\"a\":1,\"a\":2}", "\"a\" occurs twice")]
    [TestCase("{\"userName\":1,\"USERNAME\":2}", "\"USERNAME\" occurs twice")]
    [TestCase("{\"a\":[{\"b\":1,\"B\":2}]}", "\"B\" occurs twice")]
    [TestCase("{\"a\":\"\\u0000\"}", "U+0000")]
    [TestCase("{\"\\u0000\":1}", "U+0000")]
    [TestCase("{\"a\":\"\\ud800\"}", "not valid Unicode")]
    [TestCase("{\"a\":\"\\udc00\\ud800\"}", "not valid Unicode")]
    [TestCase("{\"\\ud800\":1}", "not valid Unicode")]
    public void Refuses(string body, string reason)
    {
        var error = Assert.Throws<ScimException>(() => RequestBody.Parse(Encoding.UTF8.GetBytes(body))).Error;
        Assert.That(error, Has.Property("ScimType").EqualTo("invalidSyntax").And.Property("Detail").Contains(reason));
    }

    [Test]
    public void Refuses_bytes_that_are_not_UTF8() =>
        Assert.Throws<ScimException>(() => RequestBody.Parse([.. "{\"a\":\""u8, 0xC3, 0x28, .. "\"}"u8]));

    [Test]
    public void Refuses_JSON_that_is_nested_too_deeply() => Assert.Throws<ScimException>(() =>
        RequestBody.Parse(
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 40)) + "1" + new string('}', 40))));

    [Test]
    public void Accepts_a_byte_order_mark_names_in_any_case_and_the_same_name_in_two_objects() =>
        Assert.That(
            (string?)RequestBody.Parse([0xEF, 0xBB, 0xBF, .. """{"a":{"x":1},"B":{"x":"\ud83d\ude00"}}"""u8])["b"]!["X"],
            Is.EqualTo("😀"));
}
