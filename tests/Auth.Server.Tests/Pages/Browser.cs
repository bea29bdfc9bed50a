using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace Auth.Server.Tests.Pages;

/// <summary>A browser without scripts. It keeps cookies, and follows redirects only when told.</summary>
internal sealed class Browser : IDisposable
{
    private readonly HttpClient http;

    private Browser(AuthServer server)
    {
        http = server.CreateClient();
        http.DefaultRequestHeaders.Accept.ParseAdd("text/html");
    }

    public static Browser At(AuthServer server) => new(server);

    /// <summary>A browser in which an administrator has signed in.</summary>
    public static async Task<Browser> SignedIn(AuthServer server, string email = "ada@example.com")
    {
        var browser = At(server);
        var page = await browser.Open("/sign-in");
        var answer = await browser.Submit(page, "Sign in", ("email", email), ("password", AuthServer.Password));
        Assert.That(answer.Location, Is.EqualTo("/"), $"{email} signs in");
        return browser;
    }

    public Task<Page> Open(string path, CancellationToken leaving = default) =>
        Send(new(HttpMethod.Get, new Uri(path, UriKind.RelativeOrAbsolute)), leaving);

    /// <summary>Follows a redirect.</summary>
    public Task<Page> Follow(Page page) => Open(page.Location!);

    /// <summary>Fills in the form with a button, and clicks the button.</summary>
    public Task<Page> Submit(Page page, string button, params (string Name, string Value)[] values)
    {
        var (form, pressed) = page.FormWith(button);
        var fields = FieldsOf(form).Where(field => values.All(value => value.Name != field.Name)).Concat(values);
        if (pressed.Name is { Length: > 0 } name)
            fields = fields.Append((name, pressed.Value));
        var action = form.GetAttribute("action") ?? page.Path;
        return form.Method == "get"
            ? Open($"{action}?{string.Join('&', fields.Select(f => $"{f.Name}={Uri.EscapeDataString(f.Value)}"))}")
            : Post(action, [.. fields]);
    }

    public Task<Page> Post(string path, params (string Name, string Value)[] fields) =>
        Post(path, CancellationToken.None, fields);

    public Task<Page> Post(string path, CancellationToken leaving, params (string Name, string Value)[] fields) =>
        Send(
            new(HttpMethod.Post, new Uri(path, UriKind.RelativeOrAbsolute))
            {
                Content = new FormUrlEncodedContent(
                    fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
            },
            leaving);

    /// <summary>Sends a request, and returns the raw response.</summary>
    public Task<HttpResponseMessage> Answer(
        HttpMethod method, string path, params (string Name, string Value)[] fields) =>
        http.SendAsync(new(method, new Uri(path, UriKind.Relative))
        {
            Content = method == HttpMethod.Get
                ? null
                : new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        });

    /// <summary>Opens an event stream, and returns the response as soon as it has begun.</summary>
    public Task<HttpResponseMessage> OpenStream(string path) => http.SendAsync(
        new(HttpMethod.Get, new Uri(path, UriKind.Relative)), HttpCompletionOption.ResponseHeadersRead);

    public void Dispose() => http.Dispose();

    private async Task<Page> Send(HttpRequestMessage request, CancellationToken leaving = default)
    {
        using (request)
        {
            var path = request.RequestUri!.ToString();
            var response = await http.SendAsync(request, leaving);
            return new(path, response, await response.Content.ReadAsStringAsync(leaving));
        }
    }

    private static IEnumerable<(string Name, string Value)> FieldsOf(IHtmlFormElement form)
    {
        foreach (var element in form.Elements)
        {
            switch (element)
            {
                case IHtmlInputElement { Type: "radio" or "checkbox", IsChecked: false }:
                    break;
                case IHtmlInputElement { Name: { } name } input:
                    yield return (name, input.Value);
                    break;
                case IHtmlTextAreaElement { Name: { } name } area:
                    yield return (name, area.Value);
                    break;
                case IHtmlSelectElement { Name: { } name } select:
                    yield return (name, select.Value ?? "");
                    break;
            }
        }
    }
}

/// <summary>A response, as a page.</summary>
internal sealed class Page(string path, HttpResponseMessage response, string html)
{
    public string Path { get; } = path;

    public string Html { get; } = html;

    public IHtmlDocument Document { get; } = new HtmlParser().ParseDocument(html);

    public int Status { get; } = (int)response.StatusCode;

    /// <summary>The target of a redirect; without the host if it is the server's own.</summary>
    public string? Location { get; } = response.Headers.Location is { IsAbsoluteUri: true } own
        && own.Authority == AuthServer.PublicUrl.Authority
        ? own.PathAndQuery
        : response.Headers.Location?.OriginalString;

    /// <summary>The visible text, with single spaces.</summary>
    public string Text =>
        TextOf(Document.QuerySelector("main") ?? throw new AssertionException($"{Status}, no page: {Html}"));

    public IReadOnlyList<string> Headings => [.. Document.QuerySelectorAll("h1, h2, h3").Select(TextOf)];

    public string? Header(string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    /// <summary>The value of the field with a label.</summary>
    public string Field(string label)
    {
        var field = Document.QuerySelectorAll("label").OfType<IHtmlLabelElement>()
            .Single(candidate => TextOf(candidate) == label).Control;
        return field switch
        {
            IHtmlInputElement input => input.Value,
            IHtmlTextAreaElement area => area.Value,
            _ => throw new AssertionException($"{label} is not a field."),
        };
    }

    public (IHtmlFormElement Form, IHtmlButtonElement Button) FormWith(string button)
    {
        var found = Document.QuerySelectorAll("main form button").Concat(Document.QuerySelectorAll("button"))
            .OfType<IHtmlButtonElement>()
            .FirstOrDefault(candidate => button == (candidate.GetAttribute("aria-label") ?? TextOf(candidate)));
        return found?.Form is { } form
            ? (form, found)
            : throw new AssertionException($"No form has a button {button}:\n{Html}");
    }

    public static string TextOf(INode node) =>
        string.Join(' ', node.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
