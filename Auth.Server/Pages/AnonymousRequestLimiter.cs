using System.Net.Mime;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Limits;

namespace Auth.Server.Pages;

/// <summary>
/// Bounds how many requests for the pages that anybody may open are worked on at a time, so that no flood of them
/// delays introspection, events or tokens. Whoever finds no place is answered with 429 and <c>Retry-After</c> before
/// anything is counted, looked up or computed. A form is read before that, so that nobody holds a turn by sending one
/// slowly. Clients that must prove who they are have <see cref="FailingNetworks"/>.
/// </summary>
internal sealed class AnonymousRequestLimiter(RequestDelegate next)
{
    // A page is a millisecond's work, so a hundred who wait are a fraction of a second.
    private const int Places = 100;

    // Most of these wait for a turn of PasswordThreads.Queue, which is shorter.
    private const int PasswordsAtOnce = 48;

    private static readonly string[] paths =
        [PortalCookie.SignInPath, Invitations.Path, $"/{AuthorizationServer.AuthorizePath}"];

    private readonly FairQueue pages = new(2 * Environment.ProcessorCount, Places);
    private readonly FairQueue passwords = new(PasswordsAtOnce, Places);

    public async Task InvokeAsync(HttpContext http)
    {
        if (!paths.Contains(http.Request.Path.Value!.TrimEnd('/'), StringComparer.OrdinalIgnoreCase))
        {
            await next(http);
            return;
        }

        if (http.Request.HasFormContentType)
            await ReadForm(http);
        var queue = HttpMethods.IsPost(http.Request.Method) && SetsOrChecksPassword(http.Request) ? passwords : pages;
        using var turn = await queue.Enter(Visitor.From(http), http.RequestAborted);
        if (turn is not null)
            await next(http);
        else
            await Refuse(http.Response);
    }

    /// <summary>Reads the form, which whoever asks for it later gets as it was read.</summary>
    /// <exception cref="BadHttpRequestException">It is too long, comes too slowly or breaks off.</exception>
    private static async Task ReadForm(HttpContext http)
    {
        try
        {
            await http.Request.ReadFormAsync(http.RequestAborted);
        }
        // The last part of a multipart form has no end.
        catch (IOException incomplete) when (incomplete is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The form is not complete.", incomplete);
        }
    }

    private static bool SetsOrChecksPassword(HttpRequest request) =>
        request.Query["handler"].ToString().ToUpperInvariant() switch
        {
            "" => request.Path.StartsWithSegments(PortalCookie.SignInPath),
            "ACCEPT" => true,
            _ => false,
        };

    private static Task Refuse(HttpResponse response)
    {
        var seconds = FailedAuthentications.InSeconds(FairQueue.TryAgainAfter);
        response.StatusCode = StatusCodes.Status429TooManyRequests;
        response.Headers.RetryAfter = seconds;
        response.ContentType = MediaTypeNames.Text.Plain;
        return response.WriteAsync($"Too many people are trying at the same time. Try again in {seconds} seconds.");
    }
}
