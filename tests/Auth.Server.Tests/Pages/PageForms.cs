using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Infrastructure;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.AspNetCore.Mvc.RazorPages.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace Auth.Server.Tests.Pages;

/// <summary>All handlers of forms, whatever page has them.</summary>
internal static partial class PageForms
{
    /// <summary>The page, its address with an id for each parameter, and the handler.</summary>
    public static async Task<IReadOnlyList<(string Page, string Path, string? Handler)>> Of(AuthServer server)
    {
        var pages = server.Services.GetRequiredService<IActionDescriptorCollectionProvider>().ActionDescriptors.Items
            .OfType<PageActionDescriptor>();
        var loader = server.Services.GetRequiredService<PageLoader>();
        var forms = new List<(string, string, string?)>();
        foreach (var page in pages)
        {
            var compiled = await loader.LoadAsync(page, EndpointMetadataCollection.Empty);
            var path = "/" + Parameter().Replace(page.AttributeRouteInfo!.Template!, $"{Guid.NewGuid()}");
            forms.AddRange(compiled.HandlerMethods.Where(handler => !HttpMethods.IsGet(handler.HttpMethod))
                .Select(handler => (page.ViewEnginePath, path, handler.Name)));
        }
        return forms;
    }

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();
}
