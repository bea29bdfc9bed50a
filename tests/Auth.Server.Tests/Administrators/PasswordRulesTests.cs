using System.Buffers.Binary;
using Auth.Server.Administrators;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Administrators;

[Category("AnyDatabase")]
public sealed class PasswordRulesTests
{
    private const string Email = "lovelace@example.com";

    [TestCase("lovelace-1815-12", "e-mail address")]
    [TestCase("my LoveLace 1815", "e-mail address")]
    [TestCase("lovelace@example.com", "e-mail address")]
    [TestCase("aaaaaaaaaaaa", "different characters")]
    [TestCase("abababababab", "different characters")]
    [TestCase("123456789012", "a sequence of characters")]
    [TestCase("abcdefghijkl", "a sequence of characters")]
    [TestCase("987654321098", "a sequence of characters")]
    [TestCase("Password1234", "a common one")]
    [TestCase("Password123!", "a common one")]
    [TestCase("administrator", "a common one")]
    [TestCase("qwertyuiop12", "a common one")]
    [TestCase("Welcome2026!", "a common one")]
    [TestCase("SciLeads2026!", "a common one")]
    public void An_easily_guessed_password_is_refused(string password, string sentence) =>
        Assert.That(PasswordRules.Refusal(Email, password), Does.Contain(sentence));

    [Test]
    public void A_password_of_more_than_200_characters_is_refused() =>
        Assert.That(PasswordRules.Refusal(Email, new string('x', 201)), Does.Contain("at most 200"));

    [TestCase("correct horse battery 7")]
    [TestCase("kqvbtzmrwxhdnjpsgfcy")]
    [TestCase("57294836295738462958")]
    [TestCase("ein grüner Tisch im Regen")]
    [TestCase("パスワードではない長い文章です")]
    public void A_long_password_needs_no_character_classes(string password) =>
        Assert.That(PasswordRules.Refusal(Email, password), Is.Null);

    [Test]
    public async Task The_hash_has_the_cost_that_OWASP_recommends_for_PBKDF2_with_SHA512()
    {
        var folder = Directory.CreateTempSubdirectory("password-");
        await using var app = Program.Build(
        [
            $"--ConnectionStrings:Auth=Data Source={Path.Combine(folder.FullName, "auth.db")}",
            $"--Auth:DataDirectory={folder.FullName}", $"--Auth:PublicUrl={AuthServer.PublicUrl}",
            $"--Auth:ScimBaseUrl={AuthServer.ScimBaseUrl}",
        ]);
        await using var scope = app.Services.CreateAsyncScope();
        var hasher = scope.ServiceProvider.GetRequiredService<IPasswordHasher<Administrator>>();

        var hash = Convert.FromBase64String(hasher.HashPassword(new() { AccountId = Guid.Empty }, AuthServer.Password));

        // The version of the format, the PRF (2: HMAC-SHA-512) and the number of iterations, big-endian.
        Assert.That(
            (hash[0], BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(1)), BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(5))),
            Is.EqualTo(((byte)1, 2u, 210_000u)));
        folder.Delete(recursive: true);
    }

    [Test]
    public void A_password_may_contain_a_name_of_three_letters() =>
        Assert.That(PasswordRules.Refusal("ada@example.com", "a canada of geese"), Is.Null);
}
