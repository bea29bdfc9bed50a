using System.Net.Mime;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Limits;

namespace Auth.Server.Pages;

/// <summary>
/// Limits how many requests for pages without authentication are handled at a time, so that a flood of them does not
/// delay introspection, events or tokens. When the queue is full, the response is 429 with <c>Retry-After</c>, before
/// anything is counted, looked up or computed. Forms are read before a request takes its turn, so that a slow sender
/// blocks nobody. For clients that must authenticate, see <see cref="FailingNetworks"/>.
/// </summary>
internal sealed class AnonymousRequestLimiter(RequestDelegate next)
{
    // A page takes about a millisecond, so a hundred waiting requests take a fraction of a second.
    private const int Places = 100;

    // Most of these requests then wait in PasswordThreads.Queue, which is shorter.
    private const int MaxPasswordRequests = 48;

    private static readonly string[] paths =
    [
        Site.Portal.SignIn, Site.Console.SignIn, ForgottenPasswordModel.Path, Invitations.Path,
        $"/{AuthorizationServer.AuthorizePath}",
    ];

    private readonly FairQueue pages = new(2 * Environment.ProcessorCount, Places);
    private readonly FairQueue passwords = new(MaxPasswordRequests, Places);

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

    /// <summary>Reads the form; later readers get the buffered result.</summary>
    /// <exception cref="BadHttpRequestException">It is too long, too slow or incomplete.</exception>
    private static async Task ReadForm(HttpContext http)
    {
        try
        {
            await http.Request.ReadFormAsync(http.RequestAborted);
        }
        // A multipart form ends too early.
        catch (IOException incomplete) when (incomplete is not BadHttpRequestException)
        {
            throw new BadHttpRequestException("The form is not complete.", incomplete);
        }
    }

    private static bool SetsOrChecksPassword(HttpRequest request) =>
        request.Query["handler"].ToString().ToUpperInvariant() switch
        {
            "" => request.Path.StartsWithSegments(Site.Of(request.HttpContext).SignIn),
            "ACCEPT" => true,
            _ => false,
        };

    private static Task Refuse(HttpResponse response)
    {
        var seconds = FailedAuthentications.InSeconds(FairQueue.TryAgainAfter);
        response.StatusCode = StatusCodes.Status429TooManyRequests;
        response.Headers.RetryAfter = seconds;
        response.ContentType = MediaTypeNames.Text.Plain;
        return response.WriteAsync($"There are too many requests at the moment. Try again in {seconds} seconds.");
    }
}
