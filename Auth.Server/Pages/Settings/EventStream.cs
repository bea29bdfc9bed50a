using System.Text;
using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Mvc.ViewEngines;
using Microsoft.AspNetCore.Mvc.ViewFeatures;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Sends the rows of new events as they happen, as server-sent events (WHATWG HTML §9.2), which htmx adds to the page.
/// The stream ends when the administrator's session ends, when this server stops, and after a while: the browser then
/// opens the next one.
/// </summary>
internal sealed class EventStream(
    ProvisioningLogModel page, ScimApi scim, SignedIn administrator, QueryString query, Guid after) : IActionResult
{
    /// <summary>The name of the server-sent event, which the page's <c>sse-swap</c> names.</summary>
    public const string EventName = "rows";

    private static readonly TimeSpan interval = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan longest = TimeSpan.FromMinutes(10);

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var http = context.HttpContext;
        var services = http.RequestServices;
        using var stream = services.GetRequiredService<LiveEvents>().TryOpen(administrator.AccountId);
        if (stream is null)
        {
            http.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            return;
        }

        var time = services.GetRequiredService<TimeProvider>();
        using var limit = new CancellationTokenSource(longest, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            http.RequestAborted, limit.Token,
            services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        // nginx would keep the events until its buffer is full.
        http.Response.Headers["X-Accel-Buffering"] = "no";
        try
        {
            await Send(context, time, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The end of the response tells the browser to open another stream, or to wait for the next server.
        }
        // The session has ended, or Scim.Api cannot be reached: the browser tries again later.
        catch (ProblemException) when (http.Response.HasStarted)
        {
        }
    }

    private async Task Send(ActionContext context, TimeProvider time, CancellationToken cancellation)
    {
        var body = context.HttpContext.Response.Body;
        // Tells proxies and the browser that the stream is open.
        await body.WriteAsync(": open\n\n"u8.ToArray(), cancellation);
        await body.FlushAsync(cancellation);
        var last = after;
        while (true)
        {
            var news = await scim.Events(
                administrator, query.Add(PortalEventParameters.After, $"{last}"), cancellation);
            if (news.Events.Count > 0)
            {
                last = news.Events[0].Id;
                var rows = await page.Render(news.Events);
                await body.WriteAsync(Encoding.UTF8.GetBytes(Message(last, rows)), cancellation);
            }
            else
            {
                // A comment keeps the connection open, and shows when the browser has left.
                await body.WriteAsync(":\n\n"u8.ToArray(), cancellation);
            }
            await body.FlushAsync(cancellation);
            await Task.Delay(interval, time, cancellation);
        }
    }

    // Each line of the data has its own field.
    private static string Message(Guid id, string html) =>
        $"id: {id}\nevent: {EventName}\n"
        + string.Concat(html.ReplaceLineEndings("\n").Split('\n').Select(line => $"data: {line}\n")) + "\n";

    /// <summary>A partial view as text.</summary>
    public static async Task<string> Render<T>(
        ProvisioningLogModel page, ITempDataDictionary tempData, string view, T model)
    {
        var engine = page.HttpContext.RequestServices.GetRequiredService<ICompositeViewEngine>();
        var found = engine.FindView(page.PageContext, view, isMainPage: false);
        found.EnsureSuccessful(originalLocations: null);
        await using var text = new StringWriter();
        await found.View!.RenderAsync(new ViewContext(
            page.PageContext,
            found.View,
            new ViewDataDictionary<T>(page.MetadataProvider, page.ModelState) { Model = model },
            tempData,
            text,
            new HtmlHelperOptions()));
        return text.ToString();
    }
}
