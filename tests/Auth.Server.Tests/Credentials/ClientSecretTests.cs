using Auth.Server.Issuance;

namespace Auth.Server.Tests.Credentials;

public sealed class ClientSecretTests
{
    [Test]
    public void A_secret_has_a_prefix_43_random_and_6_checksum_characters()
    {
        var secret = ClientSecret.Generate();
        Assert.That(secret, Does.Match("^scim_cs_[0-9A-Za-z]{49}$"));
        Assert.That(ClientSecret.IsWellFormed(secret));
    }

    [Test]
    public void No_two_secrets_are_the_same() =>
        Assert.That(Enumerable.Range(0, 1000).Select(_ => ClientSecret.Generate()), Is.Unique);

    [Test]
    public void The_checksum_reveals_any_changed_character()
    {
        var secret = ClientSecret.Generate();
        for (var i = 0; i < secret.Length; i++)
        {
            var typo = secret.ToCharArray();
            typo[i] = typo[i] == 'x' ? 'y' : 'x';
            Assert.That(ClientSecret.IsWellFormed(new(typo)), Is.False, $"at {i}");
        }
    }

    [TestCase("")]
    [TestCase("scim_cs_")]
    [TestCase("ghp_0123456789012345678901234567890123456789")]
    public void Other_texts_are_not_secrets(string text) => Assert.That(ClientSecret.IsWellFormed(text), Is.False);
}
