using System.Text;

namespace Scim.Api.Tests.Fuzzing;

/// <summary>
/// Creates nearly valid texts: known ones that are cut, doubled, swapped, spliced or mixed with odd pieces.
/// </summary>
internal sealed class Mutation(Random random)
{
    private static readonly string[] odd =
    [
        "\0", "\u0001", "\t", "\r\n", "\u00a0", "\u200b", "\u202e", "\ufeff", "\ufffd", "ß", "İ", "ǅ", "e\u0301",
        "𝒳", "😀", "\"", "\\", "\\u0000", "\\ud800", "\\u", "'", "`", "%", "%00", "%zz", "%ed%a0%80", "+", "&", "=",
        "#", "?", "/", "//", "..", "../..", ";", ":", ",", ".", "*", "$", "_", "-", "--", "/*", "{", "}", "[", "]",
        "(", ")", "[[", "]]", "{}", "[]", "null", "true", "false", "0", "-0", "1", "-1", "1e400", "1E-400", "NaN",
        "9223372036854775808", "0.1", "00", "1.", "0x1", "99999999999999999999999999999999999999999999999",
        "2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", " and ", " or ", " not ",
        " eq ", " ne ", " co ", " sw ", " ew ", " gt ", " ge ", " lt ", " le ", " pr", "not (", " PR ",
        "urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", "urn:", "2.0:User", "userName",
        "emails", "emails[type eq \"work\"]", "emails.value", "name.givenName", "meta.lastModified", "schemas",
        "id", "groups", "password", "active", "x509Certificates", "addresses", "$ref", "bulkId:1", "Operations",
        "\"op\":\"remove\"", "\"path\":", "\"value\":",
    ];

    public string Of(IReadOnlyList<string> texts)
    {
        var text = Pick(texts);
        for (var times = random.Next(1, 5); times > 0; times--)
            text = Once(text, texts);
        return text;
    }

    public T Pick<T>(IReadOnlyList<T> choices) => choices[random.Next(choices.Count)];

    private string Once(string text, IReadOnlyList<string> texts)
    {
        var (from, to) = (random.Next(text.Length + 1), random.Next(text.Length + 1));
        if (from > to)
            (from, to) = (to, from);
        return random.Next(9) switch
        {
            0 => text[..from],
            1 => text.Remove(from, to - from),
            2 => text.Insert(from, Pick(odd)),
            3 => text.Insert(from, text[from..to]),
            4 => text[..from] + Pick(odd) + text[to..],
            5 => text[..from] + Tail(Pick(texts)),
            6 => text.Insert(from, Many(text[from..to])),
            7 => from < text.Length ? text.Remove(from, 1).Insert(from, $"{(char)random.Next(0x2ff)}") : text,
            _ => text[..from] + new string(text[from..to].Reverse().ToArray()) + text[to..],
        };
    }

    private string Tail(string text) => text[random.Next(text.Length + 1)..];

    // Deep and long, but still a request.
    private string Many(string piece)
    {
        var what = piece.Length is > 0 and < 40 ? piece : Pick(odd);
        return new StringBuilder().Insert(0, what, random.Next(2, random.Next(3) == 0 ? 2000 : 40)).ToString();
    }
}
