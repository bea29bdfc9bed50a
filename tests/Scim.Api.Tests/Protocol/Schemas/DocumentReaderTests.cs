using System.Text;
using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Schemas;

internal sealed class DocumentReaderTests
{
    [TestCase("""{"USERNAME":"a"}""", """{"userName":"a"}""")]
    [TestCase("""{"userName":"a","name":{"GIVENNAME":"B"}}""", """{"userName":"a","name":{"givenName":"B"}}""")]
    [TestCase("""{"userName":"a","id":"x","meta":{"version":"1"},"groups":[{"value":"g"}],"schemas":["x"]}""", """{"userName":"a"}""", Description = "read-only")]
    [TestCase("""{"userName":"a","unknown":{"x":[1]},"urn:x:y":{"z":1},"password":"p","not a name":1}""", """{"userName":"a"}""", Description = "unknown")]
    [TestCase("""{"userName":"a","title":null,"nickName":"","emails":[],"name":{},"addresses":[null,{}]}""", """{"userName":"a"}""", Description = "absent")]
    [TestCase("""{"userName":"a","active":"True"}""", """{"userName":"a","active":true}""")]
    [TestCase("""{"userName":"a","active":"false","emails":[{"value":"x","primary":"TRUE"}]}""", """{"userName":"a","active":false,"emails":[{"value":"x","primary":true}]}""")]
    [TestCase("""{"userName":"a","emails":{"value":"x"}}""", """{"userName":"a","emails":[{"value":"x"}]}""")]
    [TestCase("""{"userName":"a","emails":"x"}""", """{"userName":"a","emails":[{"value":"x"}]}""")]
    [TestCase("""{"userName":"a","emails":[{"type":"work","primary":true},{"value":"","type":"home"},{"value":"x"}]}""", """{"userName":"a","emails":[{"value":"x"}]}""", Description = "labels alone are not a value")]
    [TestCase("""{"userName":"a","emails":[{"value":"x"},{"value":"x"}]}""", """{"userName":"a","emails":[{"value":"x"}]}""")]
    // Equal values and types are one value, by the schema's caseExact; the first one gets what it lacks.
    [TestCase("""{"userName":"a","emails":[{"value":"A@x","type":"work"},{"value":"a@X","type":"WORK"}]}""", """{"userName":"a","emails":[{"value":"A@x","type":"work"}]}""")]
    [TestCase("""{"userName":"a","emails":["A@x","a@X"]}""", """{"userName":"a","emails":[{"value":"A@x"}]}""")]
    [TestCase("""{"userName":"a","emails":[{"value":"A@x"},{"value":"b@x"},{"value":"a@x","display":"A","primary":true}]}""", """{"userName":"a","emails":[{"value":"A@x","display":"A","primary":true},{"value":"b@x"}]}""")]
    [TestCase("""{"userName":"a","emails":[{"value":"A@x","primary":true},{"value":"a@x","primary":true}]}""", """{"userName":"a","emails":[{"value":"A@x","primary":true}]}""", Description = "one primary value")]
    [TestCase("""{"userName":"a","emails":[{"value":"A@x","primary":false},{"value":"a@x","primary":true}]}""", """{"userName":"a","emails":[{"value":"A@x","primary":true}]}""")]
    [TestCase("""{"userName":"a","emails":[{"value":"A@x","type":"work"},{"value":"a@x","type":"home"},{"value":"a@x"}]}""", """{"userName":"a","emails":[{"value":"A@x","type":"work"},{"value":"a@x","type":"home"},{"value":"a@x"}]}""", Description = "RFC 7643 §2.4: another type is another value")]
    [TestCase("""{"userName":"a","phoneNumbers":[{"value":"X1"},{"value":"x1"}]}""", """{"userName":"a","phoneNumbers":[{"value":"X1"}]}""")]
    [TestCase("""{"userName":"a","emails":[{"value":"jos\u00E9@x"},{"value":"JOSE\u0301@x"},{"value":"\uFF4Aos\u00E9@X"}]}""", """{"userName":"a","emails":[{"value":"jos\u00E9@x"}]}""", Description = "NFC and NFD, full width")]
    [TestCase("""{"userName":"a","ims":[{"value":"Ann","type":"xmpp"},{"value":"ANN","type":"xmpp"}]}""", """{"userName":"a","ims":[{"value":"Ann","type":"xmpp"}]}""")]
    [TestCase("""{"userName":"a","roles":["Reader","READER"],"entitlements":["X","x"]}""", """{"userName":"a","roles":[{"value":"Reader"}],"entitlements":[{"value":"X"}]}""")]
    [TestCase("""{"userName":"a","addresses":[{"country":"no","locality":"Oslo"},{"locality":"OSLO","country":"NO"}]}""", """{"userName":"a","addresses":[{"country":"no","locality":"Oslo"}]}""", Description = "without a value, all sub-attributes count")]
    [TestCase("""{"userName":"a","photos":[{"value":"http://x/A"},{"value":"http://x/a"}]}""", """{"userName":"a","photos":[{"value":"http://x/A"},{"value":"http://x/a"}]}""", Description = "caseExact is true")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVsbG8="},{"value":"aGVsbG8"},{"value":"aGVsbg"},{"value":"AGVSBG8"}]}""", """{"userName":"a","x509Certificates":[{"value":"aGVsbG8="},{"value":"aGVsbg"},{"value":"AGVSBG8"}]}""", Description = "padding is ignored, RFC 7643 §2.3.6")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVs\r\nbG8"}]}""", """{"userName":"a","x509Certificates":[{"value":"aGVs\r\nbG8"}]}""")]
    [TestCase("""{"userName":"a","x509Certificates":["aGVsbG8h"]}""", """{"userName":"a","x509Certificates":[{"value":"aGVsbG8h"}]}""", Description = "none is needed")]
    [TestCase("""{"userName":"a","roles":[{"value":"{\"id\":1}"}]}""", """{"userName":"a","roles":[{"value":"{\u0022id\u0022:1}"}]}""")]
    [TestCase("""{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"Department":"d","manager":"m"}}""", """{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d","manager":{"value":"m"}}}""")]
    [TestCase("""{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":[{"value":"m","displayName":"M"}]}}""", """{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"m"}}}""")]
    [TestCase("""{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":""}}}""", """{"userName":"a"}""")]
    [TestCase("""{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department":"d"}""", """{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"}}""")]
    [TestCase("""{"urn:ietf:params:scim:schemas:core:2.0:User:userName":"a"}""", """{"userName":"a"}""")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVsbG8="}]}""", """{"userName":"a","x509Certificates":[{"value":"aGVsbG8="}]}""")]
    public void Reads(string body, string document) =>
        Assert.That(Read(body).ToJsonString(), Is.EqualTo(document));

    [TestCase("""{}""", "userName is required")]
    [TestCase("""{"userName":""}""", "userName is required")]
    [TestCase("""{"userName":null}""", "userName is required")]
    [TestCase("""{"userName":5}""", "userName must be a string, not 5")]
    [TestCase("""{"userName":["a","b"]}""", "userName must be a string, not a list")]
    [TestCase("""{"userName":{"value":"a"}}""", "userName must be a string, not an object")]
    [TestCase("""{"userName":"a","active":"yes"}""", "active must be true or false, not \"yes\"")]
    [TestCase("""{"userName":"a","active":1}""", "active must be true or false, not 1")]
    [TestCase("""{"userName":"a","name":"A B"}""", "name must be an object, not \"A B\"")]
    [TestCase("""{"userName":"a","name":{"givenName":true}}""", "name.givenName must be a string, not true")]
    [TestCase("""{"userName":"a","emails":[5]}""", "emails must be an object, not 5")]
    [TestCase("""{"userName":"a","emails":[{"value":5}]}""", "emails.value must be a string, not 5")]
    [TestCase("""{"userName":"a","emails":[{"value":"x","primary":true},{"value":"y","primary":true}]}""", "Only one of emails can be primary")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"no base64!"}]}""", "x509Certificates.value must be a base64 string")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVsb"}]}""", "x509Certificates.value must be a base64 string", Description = "no padding completes it")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVsbA="}]}""", "x509Certificates.value must be a base64 string", Description = "all padding or none")]
    [TestCase("""{"userName":"a","x509Certificates":[{"value":"aGVsb-_"}]}""", "x509Certificates.value must be a base64 string", Description = "RFC 7643 §2.3.6: not the alphabet for URLs")]
    [TestCase("""{"userName":"a","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":"x"}""", "enterprise:2.0:User must be an object")]
    public void Refuses(string body, string reason)
    {
        var error = Assert.Throws<ScimException>(() => Read(body)).Error;
        Assert.That(error, Has.Property("ScimType").EqualTo("invalidValue").And.Property("Detail").Contains(reason));
    }

    [Test]
    public void Refuses_too_many_values() => Assert.Throws<ScimException>(() =>
        Read($$"""{"userName":"a","roles":[{{string.Join(',', Enumerable.Range(0, DocumentReader.MaxValues + 1).Select(i => $"\"{i}\""))}}]}"""));

    private static JsonObject Read(string body) =>
        DocumentReader.Read(ResourceType.User, RequestBody.Parse(Encoding.UTF8.GetBytes(body)), new ClientQuirks());
}
