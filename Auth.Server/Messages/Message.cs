using System.Net;
using System.Text;

namespace Auth.Server.Messages;

/// <summary>
/// What a person is told by e-mail, in plain English: what happened, one thing to do, and a link to where to do it.
/// </summary>
/// <param name="Subject">The subject: what happened, in a few words.</param>
/// <param name="Paragraphs">Whole sentences; the last paragraph says what to do.</param>
/// <param name="LinkText">What the link does: <c>Open SCIM Credentials</c>.</param>
/// <param name="Link">Where to do it.</param>
/// <param name="Reason">Why this person receives the message.</param>
internal sealed record Message(
    string Subject, IReadOnlyList<string> Paragraphs, string LinkText, Uri Link, string Reason)
{
    public string ToPlainText() =>
        $"{string.Join("\n\n", Paragraphs)}\n\n{LinkText}:\n{Link.AbsoluteUri}\n\n-- \n{Reason}\n";

    public string ToHtml()
    {
        var html = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>")
            .Append(WebUtility.HtmlEncode(Subject)).Append("</title></head>\n<body>\n");
        foreach (var paragraph in Paragraphs)
            html.Append("<p>").Append(WebUtility.HtmlEncode(paragraph)).Append("</p>\n");
        return html.Append("<p><a href=\"").Append(WebUtility.HtmlEncode(Link.AbsoluteUri)).Append("\">")
            .Append(WebUtility.HtmlEncode(LinkText)).Append("</a></p>\n<p><small>")
            .Append(WebUtility.HtmlEncode(Reason)).Append("</small></p>\n</body>\n</html>\n").ToString();
    }
}
