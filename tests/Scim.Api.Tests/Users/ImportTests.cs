using System.Text;
using Scim.Api.Admission;
using Scim.Api.Users;
using Shared.Hosting;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class ImportTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Valid_rows_are_imported_invalid_rows_are_reported_and_an_import_can_be_repeated()
    {
        const string File =
            """
            EMAIL,firstname,LastName,displayName,externalId,other
            ann@example.com,Ann,Lee,,00u1,x
            "bob@example.com",Bob,"Jones, Jr",Bobby,,
            eve@other.org,Eve,Ray,,,
            joe@example.com,,Doe,,,
            ANN@example.com,Ann,Lee,,,
            """;
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = ["example.com"],
            Licences = [new() { Product = "portal", Seats = 5, GivenToNewUsers = true }],
        };
        var first = await Import(account, File);
        var second = await Import(account, File);

        using var client = server.ClientOf(account);
        var users = (await client.Get("Users"))["Resources"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.ToString(), Is.EqualTo("2 created, 1 already existed, 2 refused"));
            Assert.That(first.Refused.Select(refused => refused.Line), Is.EqualTo([4, 5]));
            Assert.That(first.Refused[0].Reason, Does.Contain("other.org"));
            Assert.That(first.Refused[1].Reason, Does.StartWith("First name"));
            Assert.That(second.ToString(), Is.EqualTo("0 created, 3 already existed, 2 refused"));
            Assert.That(users.Select(user => (string)user!["displayName"]!), Is.EqualTo(["Ann Lee", "Bobby"]));
            Assert.That((string)users[0]!["externalId"]!, Is.EqualTo("00u1"));
            Assert.That((string)users[1]!["name"]!["familyName"]!, Is.EqualTo("Jones, Jr"));
        }
    }

    [TestCase("a\0nn@example.com,Ann,Lee,,")]
    [TestCase("ann@example.com,A\0nn,Lee,,")]
    [TestCase("ann@example.com,Ann,Lee\0,,")]
    [TestCase("ann@example.com,Ann,Lee,\0,")]
    [TestCase("ann@example.com,Ann,Lee,,\0")]
    public async Task A_row_with_a_character_that_cannot_be_stored_is_refused_and_the_others_are_imported(string row)
    {
        var summary = await Import(
            new TestAccount(), $"email,firstName,lastName,displayName,externalId\n{row}\nbob@example.com,Bob,Lee,,");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(summary.ToString(), Is.EqualTo("1 created, 0 already existed, 1 refused"));
            Assert.That(summary.Refused.Single().Reason, Does.Contain("U+0000"));
        }
    }

    [TestCase("\u00A0ann@example.com")]
    [TestCase("ann@example.com\u3000")]
    [TestCase("\"ann@example.com\n\"")]
    [TestCase("ＡＮＮ@example.com")]
    public async Task An_existing_user_is_recognized_in_every_equivalent_spelling(string email)
    {
        var account = new TestAccount();
        var file = $"email,firstName,lastName\n{email},Ann,Lee";
        await Import(account, file);
        Assert.That((await Import(account, file)).ToString(), Is.EqualTo("0 created, 1 already existed, 0 refused"));
    }

    [TestCase("email;firstName;lastName\na@example.com;A;B")]
    [TestCase("lastName\tEmail\tfirstName\nB\ta@example.com\tA")]
    public void Other_separators_and_column_orders_are_accepted(string file) =>
        Assert.That(
            Read(file).Single().Person,
            Has.Property("Email").EqualTo("a@example.com").And.Property("LastName").EqualTo("B"));

    [TestCase("")]
    [TestCase("name,first\na@example.com,A")]
    [TestCase("email,firstName,lastName\n\"a@example.com,A,B")]
    [TestCase("email,firstName,lastName\na@example.com,A\"x\",B")]
    public void An_invalid_file_is_refused_with_a_sentence(string file) =>
        Assert.Throws<OperatorException>(() => Read(file));

    [TestCase("utf-8", "Zoë")]
    [TestCase("utf-16", "Zoë")]
    [TestCase("latin1", null, Description = "What spreadsheets call CSV without more words.")]
    public void A_file_in_another_encoding_is_refused_so_that_nobody_gets_a_wrong_name(string encoding, string? name)
    {
        var file = Path.Combine(TestContext.CurrentContext.WorkDirectory, $"people.{encoding}.csv");
        File.WriteAllText(file, "email,firstName,lastName\nzoe@example.com,Zoë,Lee\n", Encoding.GetEncoding(encoding));
        try
        {
            Assert.That(UserImport.Read(new FileInfo(file)).Single().Person.FirstName, Is.EqualTo(name));
        }
        catch (OperatorException refused) when (name is null)
        {
            Assert.That(refused.Message, Does.Contain("UTF-8").And.Contain("nothing was imported"));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private Task<UserImport.Summary> Import(TestAccount account, string file) => UserImport.Import(
        server.Services, new Caller(account.Policy, null, null, new HashSet<string>()), Read(file), default);

    private static IReadOnlyList<UserImport.Row> Read(string file)
    {
        using var text = new StringReader(file);
        return UserImport.Read(text);
    }
}
