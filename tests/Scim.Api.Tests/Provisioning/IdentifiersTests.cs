using System.Globalization;
using System.Net;
using Scim.Api.Admission;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

/// <summary>What identifiers may contain, with both rule sets and by every way of writing them.</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class IdentifiersTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase(0x00, "a control character")]
    [TestCase(0x09, "a control character")]
    [TestCase(0x0A, "a line break")]
    [TestCase(0x0D, "a line break")]
    [TestCase(0x7F, "a control character")]
    [TestCase(0x85, "a line break")]
    [TestCase(0xA0, "a space other than U+0020", Description = "no-break space")]
    [TestCase(0xAD, "an invisible character", Description = "soft hyphen")]
    [TestCase(0x034F, "an invisible character", Description = "combining grapheme joiner")]
    [TestCase(0x061C, "an invisible character", Description = "Arabic letter mark")]
    [TestCase(0x115F, "an invisible character", Description = "hangul choseong filler")]
    [TestCase(0x1160, "an invisible character")]
    [TestCase(0x17B4, "an invisible character", Description = "Khmer inherent vowel")]
    [TestCase(0x180B, "an invisible character", Description = "Mongolian variation selector")]
    [TestCase(0x180E, "an invisible character")]
    [TestCase(0x2003, "a space other than U+0020")]
    [TestCase(0x200B, "an invisible character", Description = "zero width space")]
    [TestCase(0x200D, "an invisible character", Description = "zero width joiner")]
    [TestCase(0x2028, "a line break")]
    [TestCase(0x202E, "an invisible character", Description = "from right to left")]
    [TestCase(0x2060, "an invisible character")]
    [TestCase(0x2065, "an invisible character", Description = "not assigned, and default-ignorable")]
    [TestCase(0x2069, "an invisible character")]
    [TestCase(0x2800, "an invisible character", Description = "braille blank")]
    [TestCase(0x3000, "a space other than U+0020")]
    [TestCase(0x3164, "an invisible character", Description = "hangul filler")]
    [TestCase(0xE000, "a private-use character")]
    [TestCase(0xFDD0, "a noncharacter")]
    [TestCase(0xFE0F, "an invisible character", Description = "variation selector")]
    [TestCase(0xFEFF, "an invisible character", Description = "byte order mark")]
    [TestCase(0xFFA0, "an invisible character", Description = "half-width hangul filler")]
    [TestCase(0xFFF9, "an invisible character")]
    [TestCase(0xFFFD, "a placeholder for lost text")]
    [TestCase(0xFFFF, "a noncharacter")]
    [TestCase(0x0378, "not assigned")]
    [TestCase(0x1FFFE, "a noncharacter")]
    [TestCase(0x1D173, "an invisible character", Description = "musical beam")]
    [TestCase(0xE0001, "an invisible character", Description = "language tag")]
    [TestCase(0xE0100, "an invisible character", Description = "variation selector")]
    [TestCase(0x10FFFF, "a noncharacter")]
    public void The_error_names_a_refused_code_point_and_its_kind(int code, string kind)
    {
        var fault = Identifiers.Fault("a" + char.ConvertFromUtf32(code) + "b");
        Assert.That(fault, Does.Contain($"contains U+{code:X4} ({kind}"));
    }

    [TestCase(" ann", "begins with a space")]
    [TestCase("ann ", "ends with a space")]
    public void Also_refused(string text, string reason) =>
        Assert.That(Identifiers.Fault(text), Does.Contain(reason));

    // NUnit attributes cannot contain such a string.
    [TestCase(0xD800)]
    [TestCase(0xDC00)]
    public void Half_of_a_surrogate_pair_is_refused(int unit) =>
        Assert.That(Identifiers.Fault($"a{(char)unit}b"), Does.Contain($"U+{unit:X4} (half of a surrogate pair)"));

    [TestCase("Ann Lee", Description = "a space inside is usual where users are not named by address")]
    [TestCase("jürgen@example.com")]
    [TestCase("ju\u0308rgen")]
    [TestCase("山田")]
    [TestCase("ｔａｎａｋａ")]
    [TestCase("한글")]
    [TestCase("\u1112\u1161\u11AB")]
    [TestCase("𠮷野")]
    [TestCase("ישראל")]
    [TestCase("CORP\\ann$;()#EXT#")]
    [TestCase("😀")]
    public void Allowed(string text) => Assert.That(Identifiers.Fault(text), Is.Null);

    [Test]
    public void Code_points_are_classified_by_category_and_letters_are_allowed()
    {
        using (Assert.EnterMultipleScope())
        {
            for (var code = 0; code <= 0x10FFFF; code++)
            {
                if (code is >= 0xD800 and <= 0xDFFF)
                    continue;
                var isRefused = Identifiers.Fault($"a{char.ConvertFromUtf32(code)}b") is not null;
                var wanted = CharUnicodeInfo.GetUnicodeCategory(code) switch
                {
                    UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse
                        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
                    UnicodeCategory.SpaceSeparator => code != ' ',
                    UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
                        or UnicodeCategory.TitlecaseLetter or UnicodeCategory.DecimalDigitNumber
                        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.DashPunctuation
                        or UnicodeCategory.CurrencySymbol => false,
                    // Fillers are letters and marks, and the runtime's Unicode is older than the table's.
                    _ => isRefused,
                };
                if (isRefused != wanted)
                    Assert.Fail($"U+{code:X4} is {(isRefused ? "refused" : "allowed")}.");
            }
        }
    }

    private static readonly string[] ruleSets = [AttributeRuleSets.Guide, AttributeRuleSets.Rfc];

    [Test]
    public async Task Refused_characters_are_refused_in_every_identifier_by_every_method(
        [ValueSource(nameof(ruleSets))] string rules,
        [Values("\\u200B", "\\u3164", "\\u034F", "\\uFE0F", "\\uDB40\\uDD00", "\\n", "\\uFFFF", "\\u202E")] string sent)
    {
        using var client = server.ClientOf(Account(rules));
        var id = (await client.CreateUser("old@example.com")).Id();
        string[] bodies =
        [
            Requests.NewUser($"an{sent}n@example.com"),
            Requests.NewUser($"ann@exam{sent}ple.com"),
            Requests.NewUser("ann@example.com", $$""","emails":[{"value":"a{{sent}}@example.com","type":"work"}]"""),
            Requests.NewUser("ann@example.com", $$""","emails":[{"value":"a{{sent}}@example.com","type":"home"}]"""),
            Requests.NewUser("ann@example.com", $$""","emails":[{"value":"a{{sent}}@example.com"}]"""),
            Requests.NewUser("ann@example.com", $""","externalId":"00u{sent}1" """),
        ];
        string[] operations =
        [
            $$"""{"op":"replace","path":"userName","value":"an{{sent}}n@example.com"}""",
            $$"""{"op":"replace","value":{"userName":"an{{sent}}n@example.com"} }""",
            $$"""{"op":"add","path":"emails","value":[{"value":"a{{sent}}@example.com","type":"home"}]}""",
            $$"""{"op":"replace","path":"emails[type eq \"work\"].value","value":"a{{sent}}@example.com"}""",
            $$"""{"op":"replace","path":"externalId","value":"{{sent}}"}""",
        ];
        using (Assert.EnterMultipleScope())
        {
            foreach (var body in bodies)
            {
                AssertRefused(await client.Post("Users", body), body);
                AssertRefused(await client.Put($"Users/{id}", body), body);
                var bulk = $$"""{"Operations":[{"method":"POST","bulkId":"1","path":"/Users","data":{{body}} }]}""";
                AssertRefused((await client.Post("Bulk", bulk)).FirstOfBulk(), body);
            }
            foreach (var operation in operations)
                AssertRefused(await client.Patch($"Users/{id}", operation), operation);
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
        }

        static void AssertRefused(Answer answer, string sent) => Assert.That(
            ((string?)answer["status"], answer.ScimType, answer.Detail?.Contains("U+", StringComparison.Ordinal)),
            Is.EqualTo(("400", "invalidValue", true)), $"{sent}: {answer}");
    }

    [TestCase(" ann", "begins with a space")]
    [TestCase("ann ", "ends with a space")]
    [TestCase("ann\u00A0lee", "U+00A0")]
    public async Task Spaces_are_allowed_only_inside_names_that_are_not_addresses(string userName, string reason)
    {
        using var client = server.ClientOf(Account(AttributeRuleSets.Rfc));
        Assert.That((await client.Post("Users", Requests.NewUser(userName))).Detail, Does.Contain(reason));
        await client.CreateUser("ann lee");
    }

    [TestCase("displayName")]
    [TestCase("nickName")]
    [TestCase("title")]
    public async Task Other_attributes_may_contain_them(string attribute)
    {
        using var client = server.ClientOf(Account(AttributeRuleSets.Guide));
        var user = await client.CreateUser("ann@example.com", $",\"{attribute}\":\"می\u200Cخواهم\"");
        Assert.That((string?)user[attribute], Does.Contain("\u200C"));
    }

    [Test]
    public async Task Imports_and_the_portal_refuse_them_as_well()
    {
        var account = Account(AttributeRuleSets.Guide);
        using var text = new StringReader("email,firstName,lastName\nan\u200Bn@example.com,Ann,Lee");
        var summary = await UserImport.Import(
            server.Services,
            new Caller(account.Policy, null, null, new HashSet<string>()),
            UserImport.Read(text),
            default);
        using var portal = server.PortalOf(account);
        var added = await portal.Send(
            "POST",
            "users",
            """{"email":"an\u200Bn@example.com","firstName":"Ann","lastName":"Lee"}""",
            "application/json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.Refused.Single().Reason, Does.Contain("U+200B"));
            Assert.That(added.Status, Is.EqualTo(HttpStatusCode.BadRequest));
            Assert.That(added.Detail, Does.Contain("U+200B"));
        }
    }

    private static TestAccount Account(string rules)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { AttributeRules = rules };
        return account;
    }
}
