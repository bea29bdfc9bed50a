using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Tests.Protocol.Filters;

internal sealed class FilterMatchTests
{
    public static readonly JsonObject User = JsonNode.Parse(
        """
        {
          "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "2819c223", "externalId": "Bjensen",
          "userName": "BJensen@Example.com", "title": "Straße", "active": true,
          "name": { "familyName": "Jensen", "givenName": "Barbara" },
          "emails": [ { "value": "b@work.example", "type": "work", "primary": true }, { "value": "b@home.example", "type": "home" } ],
          "meta": { "resourceType": "User", "created": "2011-05-13T04:42:34Z", "lastModified": "2011-05-13T04:42:34Z" },
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "Sales", "manager": { "value": "26118915" } }
        }
        """)!.AsObject();

    [TestCase("""userName eq "bjensen@example.com" """, true, Description = "caseExact is false")]
    [TestCase("""USERNAME Eq "BJENSEN@EXAMPLE.COM" """, true)]
    [TestCase("""userName eq "bjensen" """, false)]
    [TestCase("""urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj" """, true)]
    [TestCase("""URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:username ew "COM" """, true)]
    [TestCase("""externalId eq "Bjensen" """, true, Description = "caseExact is true")]
    [TestCase("""externalId eq "bjensen" """, false)]
    [TestCase("""externalId co "jens" """, true)]
    [TestCase("""userName ne "x" """, true)]
    [TestCase("""nickName ne "x" """, false, Description = "absent: nothing differs")]
    [TestCase("""not (nickName eq "x")""", true)]
    [TestCase("nickName pr", false)]
    [TestCase("nickName eq null", true)]
    [TestCase("nickName ne null", false)]
    [TestCase("title eq null", false)]
    [TestCase("title pr", true)]
    [TestCase("name pr", true)]
    [TestCase("emails pr", true)]
    [TestCase("emails.display pr", false)]
    [TestCase("""name.familyName gt "Jense" """, true)]
    [TestCase("""name.familyName le "JENSEN" """, true)]
    [TestCase("""name.familyName lt "jensen" """, false)]
    [TestCase("active eq true", true)]
    [TestCase("""active eq "True" """, true)]
    [TestCase("active ne false", true)]
    [TestCase("""emails eq "B@HOME.example" """, true, Description = "the value of a complex attribute")]
    [TestCase("""emails.value co "work" """, true)]
    [TestCase("""emails.value ne "b@work.example" """, true, Description = "another value differs")]
    [TestCase("""emails.type eq "work" and emails.value eq "b@home.example" """, true, Description = "two values")]
    [TestCase("""emails[type eq "work" and value eq "b@home.example"]""", false, Description = "one value")]
    [TestCase("""emails[type eq "work" and value sw "b@"]""", true)]
    [TestCase("""emails[not (type eq "work")]""", true)]
    [TestCase("""emails[primary eq true].value eq "b@work.example" """, true)]
    [TestCase("""emails[primary eq "True"]""", true)]
    [TestCase("""addresses[type eq "work"]""", false)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "sales" """, true)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "26118915" """, true)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "0" """, false)]
    [TestCase("""schemas eq "urn:ietf:params:scim:schemas:core:2.0:User" """, true)]
    [TestCase("""meta.lastModified eq "2011-05-13T06:42:34+02:00" """, true)]
    [TestCase("""meta.lastModified gt "2011-05-13T04:42:33.999Z" """, true)]
    [TestCase("""meta.lastModified lt "2011-05-13T04:42:34Z" """, false)]
    [TestCase("""userName sw "x" or title pr and active eq true""", true)]
    [TestCase("""(userName sw "x" or title pr) and active eq false""", false)]
    [TestCase("""title eq "STRAßE" """, true, Description = "simple folding: ß stays")]
    [TestCase("""title eq "STRASSE" """, false)]
    [TestCase("""title co "" """, true, Description = "every text has it")]
    [TestCase("""title sw "" """, true)]
    [TestCase("""title ew "" """, true)]
    [TestCase("""nickName co "" """, false, Description = "an absent one has not")]
    [TestCase("""title eq "" """, false)]
    [TestCase("""title ne "" """, true)]
    [TestCase("""title sw "strasse" """, false)]
    [TestCase("""title ew "straße and more" """, false)]
    [TestCase("""title co "%" """, false, Description = "no wildcards")]
    [TestCase("""title co "_" """, false)]
    [TestCase("""title sw "S_R" """, false)]
    [TestCase("""title co "\u00df" """, true, Description = "an escape of JSON")]
    [TestCase("""title eq "stra\u00DFe" """, true)]
    [TestCase("""userName co "\"" """, false)]
    [TestCase("""userName co "'" """, false)]
    [TestCase("""userName co "' or 1=1 --" """, false)]
    [TestCase("""userName ge "bjensen@example.com" """, true)]
    [TestCase("""userName gt "bjensen@example.com" """, false)]
    [TestCase("""userName lt "BK" """, true)]
    [TestCase("""externalId gt "Bj" """, true)]
    [TestCase("""externalId lt "a" """, true, Description = "exact: capitals come first")]
    [TestCase("""externalId ne "bjensen" """, true)]
    [TestCase("externalId pr", true)]
    [TestCase("not (externalId pr)", false)]
    [TestCase("userName pr", true)]
    [TestCase("active pr", true)]
    [TestCase("meta pr", true)]
    [TestCase("meta.created pr", true)]
    [TestCase("meta.resourceType pr", true)]
    [TestCase("schemas pr", true)]
    [TestCase("name.givenName pr", true)]
    [TestCase("name.middleName pr", false)]
    [TestCase("emails.value pr", true)]
    [TestCase("emails.primary pr", true)]
    [TestCase("addresses pr", false)]
    [TestCase("addresses.country pr", false)]
    [TestCase("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager pr", true)]
    [TestCase("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName pr", false)]
    [TestCase("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCenter pr", false)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "SA" """, true)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value eq "26118915"]""", true)]
    [TestCase("""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[not (value pr)]""", false)]
    [TestCase("""name[givenName eq "barbara" and familyName eq "jensen"]""", true)]
    [TestCase("""name[givenName eq "barbara" and familyName eq "x"]""", false)]
    [TestCase("""name[not (middleName pr)]""", true)]
    [TestCase("""emails[value pr]""", true)]
    [TestCase("""emails[display pr]""", false)]
    [TestCase("""emails[primary eq true and type eq "home"]""", false)]
    [TestCase("""emails[primary ne true]""", false, Description = "absent is not another value")]
    [TestCase("""emails[not (primary eq true)]""", true)]
    [TestCase("""emails[type eq "HOME" and value eq "B@HOME.EXAMPLE"]""", true)]
    [TestCase("""emails[value eq "b@home.example" and type eq "home"]""", true)]
    [TestCase("""emails[value eq "b@home.example" and type eq ""]""", false)]
    [TestCase("""emails[(type eq "home" or type eq "other") and value ew ".example"]""", true)]
    [TestCase("""emails[type eq "home" and (value co "work" or value co "home")]""", true)]
    [TestCase("""not (emails[type eq "other"])""", true)]
    [TestCase("""emails.value eq "b@work.example" and emails.value eq "b@home.example" """, true)]
    [TestCase("""emails ne "b@work.example" """, true)]
    [TestCase("""emails co "WORK" """, true)]
    [TestCase("""emails.type eq "work" """, true)]
    [TestCase("""emails.primary eq true""", true)]
    [TestCase("""emails.primary eq false""", false)]
    [TestCase("emails eq null", false)]
    [TestCase("addresses eq null", true)]
    [TestCase("emails.display eq null", true)]
    [TestCase("name.middleName eq null and name.givenName ne null", true)]
    [TestCase("""schemas eq "urn:ietf:params:scim:schemas:core:2.0:user" """, false, Description = "caseExact is true")]
    [TestCase("""schemas co "core" """, true)]
    [TestCase("""meta.resourceType eq "User" """, true)]
    [TestCase("""meta.resourceType eq "Group" """, false)]
    [TestCase("""meta.resourceType sw "U" """, true)]
    [TestCase("""meta.lastModified eq "2011-05-13T04:42:34Z" """, true)]
    [TestCase("""meta.lastModified ne "2011-05-13T04:42:34Z" """, false)]
    [TestCase("""meta.lastModified ge "2011-05-13T04:42:34.000000Z" """, true)]
    [TestCase("""meta.lastModified gt "2011-05-12T23:42:33-05:00" """, true)]
    [TestCase("""meta.lastModified le "2011-05-13T14:42:34+10:00" """, true)]
    [TestCase("""meta.lastModified lt "9999-12-31T23:59:59Z" """, true)]
    [TestCase("""meta.lastModified gt "0001-01-01T00:00:00Z" """, true)]
    [TestCase("""active eq TRUE""", true)]
    [TestCase("""active eq "FALSE" """, false)]
    [TestCase("active eq null", false)]
    [TestCase("""not (active eq true) or not (userName pr)""", false)]
    [TestCase("""not (not (active eq true))""", true)]
    [TestCase("""active eq false and title pr or userName pr""", true, Description = "and binds before or")]
    [TestCase("""active eq false and (title pr or userName pr)""", false)]
    [TestCase("""userName pr or active eq false and nickName pr""", true)]
    [TestCase("""((((userName pr))))""", true)]
    [TestCase("""NOT (nickName pr) AND Title PR""", true)]
    public void Matches(string filter, bool expected) =>
        Assert.That(Filter.Parse(filter).Matches(User, ResourceType.User.Find), Is.EqualTo(expected));

    [TestCase("nonsense eq 1", "nonsense is not an attribute")]
    [TestCase("name.nonsense pr", "name.nonsense is not an attribute")]
    [TestCase("urn:x:y:userName pr", "urn:x:y:userName is not an attribute")]
    [TestCase("""title pr or nonsense eq "x" """, "nonsense", Description = "also where the outcome is clear already")]
    [TestCase("""nickName pr and nonsense eq "x" """, "nonsense")]
    [TestCase("emails[nonsense pr]", "nonsense")]
    [TestCase("addresses[nonsense pr]", "nonsense")]
    [TestCase("active gt true", "cannot be compared by gt")]
    [TestCase("active co true", "cannot be compared by co")]
    [TestCase("active eq 1", "cannot be compared with 1")]
    [TestCase("userName eq true", "cannot be compared with true")]
    [TestCase("userName gt null", "null can only be compared by eq and ne")]
    [TestCase("""meta.lastModified gt "yesterday" """, "cannot be compared")]
    [TestCase("""meta.lastModified co "2011" """, "cannot be compared by co")]
    [TestCase("""name eq "x" """, "has parts")]
    [TestCase("""userName[value eq "x"]""", "no sub-attributes")]
    [TestCase("""x509Certificates.value gt "x" """, "cannot be compared by gt")]
    public void Refuses_what_the_schema_does_not_have(string filter, string reason)
    {
        var error = Assert.Throws<ScimException>(() => Filter.Parse(filter).Matches(User, ResourceType.User.Find)).Error;
        Assert.That(error, Has.Property("ScimType").EqualTo("invalidFilter").And.Property("Detail").Contains(reason));
    }

    [Test]
    public void Texts_are_ordered_by_their_bytes_in_UTF8()
    {
        var user = new JsonObject { ["title"] = "\uFF5E" };
        Assert.That(
            Filter.Parse("title lt \"\U0001F600\"").Matches(user, ResourceType.User.Find), Is.True, "UTF-16 would say no");
    }
}
