using Microsoft.AspNetCore.Identity;
using Shared.Hosting.Text;

namespace Auth.Server.Administrators;

/// <summary>
/// What a password must not be, beside too short: the first thing that a guesser who knows the address would try.
/// Kinds of characters are not asked for; length is what counts (NIST SP 800-63B).
/// </summary>
internal sealed class PasswordRules : IPasswordValidator<Administrator>
{
    public const int MinLength = 12;
    public const int MaxLength = 200;

    private const int MinDistinctCharacters = 5;
    private const int MinNameLength = 4;

    // Of the lists of leaked passwords, what is left of those when digits, signs and letter case are disregarded, and
    // what people make of the name of the product and of this rule.
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

    /// <summary>Why a guesser would find a password soon; null if none would.</summary>
    public static string? Refusal(string email, string password)
    {
        if (password.Length > MaxLength)
            return $"A password has at most {MaxLength} characters.";
        var name = EmailNormalizer.Normalize(email).Split('@')[0];
        if (name.Length >= MinNameLength && CaseFolding.Fold(password).Contains(name, StringComparison.Ordinal))
            return "The password must not contain your e-mail address or its first part.";
        if (password.Distinct().Count() < MinDistinctCharacters)
            return $"The password must have at least {MinDistinctCharacters} different characters.";
        if (password.Zip(password.Skip(1)).Count(pair => IsStep(pair.First, pair.Second)) > password.Length * 2 / 3)
            return "The password must not be a row of characters, such as 123456789012 or abcdefghijkl.";
        var letters = string.Concat(password.Where(char.IsLetter)).ToLowerInvariant();
        return common.Contains(letters)
            ? "This password is one of those that are tried first. A few words that have nothing to do with each other "
                + "are hard to guess and easy to remember."
            : null;
    }

    private static bool IsStep(char one, char next) =>
        Math.Abs(next - one) <= 1 || (one, next) is ('9', '0') or ('0', '9');
}
