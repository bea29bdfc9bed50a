using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EndToEnd.Tests;

/// <summary>
/// Simulates a faulty SCIM server: a proxy of the real one, where <paramref name="fault"/> answers some requests itself
/// or changes them.
/// </summary>
internal sealed class FaultyProxy(string scimBaseUrl, Func<HttpContext, bool> fault) : IAsyncDisposable
{
    private readonly HttpClient http = new();
    private WebApplication? app;

    public string BaseUrl => app!.Urls.Single();

    public async Task<FaultyProxy> Start()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.Run(Answer);
        await app.StartAsync();
        return this;
    }

    /// <summary>Refuses the first requests, because it is busy.</summary>
    public static Func<HttpContext, bool> Busy(int times) => context =>
    {
        if (Interlocked.Decrement(ref times) < 0)
            return false;
        context.Response.StatusCode = 429;
        context.Response.Headers.RetryAfter = 1.ToString(CultureInfo.InvariantCulture);
        return true;
    };

    /// <summary>Confirms a PATCH, but does nothing (pain point C1).</summary>
    public static bool IgnoresPatches(HttpContext context)
    {
        if (context.Request.Method != "PATCH")
            return false;
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return true;
    }

    /// <summary>Ignores filters, and returns all users (pain point C20).</summary>
    public static bool IgnoresFilters(HttpContext context)
    {
        context.Request.QueryString = default;
        return false;
    }

    /// <summary>Creates a user, but loses the response.</summary>
    public static bool LosesCreates(HttpContext context)
    {
        if (context.Request.Method == "POST")
            context.Response.OnStarting(() =>
            {
                context.Response.StatusCode = 500;
                return Task.CompletedTask;
            });
        return false;
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
            await app.DisposeAsync();
        http.Dispose();
    }

    private async Task Answer(HttpContext context)
    {
        if (fault(context))
            return;
        var from = context.Request;
        using var request = new HttpRequestMessage(new(from.Method), $"{scimBaseUrl}{from.Path}{from.QueryString}");
        if (from.ContentLength > 0)
            request.Content = new StreamContent(from.Body);
        foreach (var (name, values) in from.Headers.Where(header => header.Key != "Host"))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.ToArray()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.ToArray());
        }
        using var response = await http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
        await response.Content.CopyToAsync(context.Response.Body);
    }
}
