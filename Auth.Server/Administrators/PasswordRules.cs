using Microsoft.AspNetCore.Identity;
using Shared.Hosting.Text;

namespace Auth.Server.Administrators;

/// <summary>
/// Rejects passwords that somebody who knows the e-mail address would guess soon. Character classes are not required;
/// length is what counts (NIST SP 800-63B). Identity checks the minimum length.
/// </summary>
internal sealed class PasswordRules : IPasswordValidator<Administrator>
{
    public const int MinLength = 12;
    public const int MaxLength = 200;

    private const int MinDistinctCharacters = 5;
    private const int MinNameLength = 4;

    // From lists of leaked passwords, without digits, punctuation and letter case; and what people derive from the name
    // of the product and from these rules.
    private static readonly HashSet<string> common =
    [
        "password", "passwordpassword", "passw", "mypassword", "thepassword", "yourpassword", "newpassword",
        "mynewpassword", "passwort", "motdepasse", "contrasena", "changeme", "changemenow", "changeit",
        "pleasechangeme", "letmein", "letmeinletmein", "letmeinplease", "welcome", "welcomeback",
        "welcomewelcome", "welcomehome", "qwerty", "qwertyuiop", "qwertyuiopasdf", "qwertyuiopasdfghjkl",
        "qwertyqwerty", "qwertzuiop", "azertyuiop", "asdfghjkl", "asdfghjklqwertyuiop", "asdfasdfasdf",
        "zxcvbnm", "zxcvbnmasdfghjkl", "qazwsxedc", "qazwsxedcrfv", "qazwsx", "abcdefghijkl", "abcdefghijklm",
        "abcdefghijklmnop", "abcdefghijklmnopqrstuvwxyz", "abcdefg", "abcabcabcabc", "iloveyou",
        "iloveyouiloveyou", "iloveyousomuch", "administrator", "admin", "adminadmin", "adminadminadmin",
        "superadmin", "superuser", "rootroot", "rootrootroot", "testtesttest", "test", "testing",
        "testpassword", "default", "defaultpassword", "secret", "secretpassword", "topsecret", "verysecret",
        "monkey", "monkeymonkey", "dragon", "dragondragon", "football", "footballfootball", "baseball",
        "basketball", "superman", "batman", "spiderman", "sunshine", "princess", "starwars", "whatever",
        "computer", "internet", "michael", "jennifer", "jessica", "charlie", "liverpool", "manchesterunited",
        "chelsea", "arsenal", "barcelona", "realmadrid", "christmas", "summer", "winter", "spring", "autumn",
        "january", "february", "october", "november", "december", "monday", "friday", "fuckyou",
        "fuckyoufuckyou", "trustno", "master", "masterkey", "shadow", "killer", "pokemon", "minecraft",
        "samsung", "google", "facebook", "microsoft", "windows", "scileads", "scileadsscileads",
        "scileadsportal", "scileadspassword", "correcthorsebatterystaple", "thisisapassword",
        "thisismypassword", "opensesame", "nopassword", "idontknow", "iforgotmypassword", "twelvecharacters",
    ];

    public Task<IdentityResult> ValidateAsync(
        UserManager<Administrator> manager, Administrator user, string? password) =>
        Task.FromResult(Refusal(user.Email ?? "", password ?? "") is { } refusal
            ? IdentityResult.Failed(new IdentityError { Code = "GuessablePassword", Description = refusal })
            : IdentityResult.Success);

    /// <summary>Why a password is easy to guess; null if it is not.</summary>
    public static string? Refusal(string email, string password)
    {
        if (password.Length > MaxLength)
            return $"The password must have at most {MaxLength} characters.";
        var name = EmailNormalizer.Normalize(email).Split('@')[0];
        if (name.Length >= MinNameLength && CaseFolding.Fold(password).Contains(name, StringComparison.Ordinal))
            return "The password must not contain your e-mail address or its first part.";
        if (password.Distinct().Count() < MinDistinctCharacters)
            return $"The password must have at least {MinDistinctCharacters} different characters.";
        if (password.Zip(password.Skip(1)).Count(pair => IsStep(pair.First, pair.Second)) > password.Length * 2 / 3)
            return "The password must not be a sequence of characters, such as 123456789012 or abcdefghijkl.";
        var letters = string.Concat(password.Where(char.IsLetter)).ToLowerInvariant();
        return common.Contains(letters)
            ? "This password is a common one. A few unrelated words are hard to guess and easy to remember."
            : null;
    }

    private static bool IsStep(char first, char second) =>
        Math.Abs(second - first) <= 1 || (first, second) is ('9', '0') or ('0', '9');
}
