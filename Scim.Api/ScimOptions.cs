using System.ComponentModel.DataAnnotations;
using Shared.Hosting;

namespace Scim.Api;

/// <summary>How this server is seen from outside, and whether it keeps its own tables up to date.</summary>
internal sealed class ScimOptions : IValidatableObject
{
    public const string Section = "Scim";

    /// <summary>Where the SCIM endpoints are; a proxy may put its own path before it.</summary>
    public const string Path = "/scim/v2";

    /// <summary>
    /// The address customers paste, such as <c>https://iam.scileads.com/scim/v2</c>; <c>meta.location</c> begins so.
    /// </summary>
    [Required(ErrorMessage = "Scim__BaseUrl is not set: it is the address that customers paste, ending in /scim/v2.")]
    [Url(ErrorMessage = "Scim__BaseUrl must be an absolute address, such as https://iam.example.com/scim/v2.")]
    public string BaseUrl { get; init; } = "";

    /// <summary>Whether migrations are applied at the start; if not, <c>database migrate</c> does it.</summary>
    public bool MigrateAtStart { get; init; }

    /// <summary>Days from the deletion of a user until what is known of it is erased.</summary>
    [Range(0, 3650, ErrorMessage = "Scim__EraseDeletedAfterDays must be a number of days from 0 to 3650.")]
    public int EraseDeletedAfterDays { get; init; } = 30;

    /// <summary>Days that provisioning events are kept.</summary>
    [Range(1, 3650, ErrorMessage = "Scim__KeepEventsDays must be a number of days from 1 to 3650.")]
    public int KeepEventsDays { get; init; } = 400;

    /// <summary>The proxies whose <c>X-Forwarded-For</c> is believed, as IP addresses.</summary>
    public IReadOnlyList<string> KnownProxies { get; init; } = [];

    /// <summary>Whether the outside reaches this server over TLS, and not only from this machine.</summary>
    public bool IsPublic => Uri.TryCreate(BaseUrl, UriKind.Absolute, out var address) && !address.IsLoopback;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // That it is missing or relative, the attributes say.
        if (Uri.TryCreate(BaseUrl, UriKind.Absolute, out var url)
            && (url.Scheme is not ("http" or "https") || url.Query.Length + url.Fragment.Length > 0
                || url.UserInfo.Length > 0
                || !url.AbsolutePath.TrimEnd('/').EndsWith(Path, StringComparison.Ordinal)))
            yield return new(
                $"Scim__BaseUrl must be an http or https address that ends in {Path}, without anything behind it, "
                + $"such as https://iam.example.com{Path}; it is {BaseUrl}.");
        if (IsPublic && !BaseUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            yield return new(
                "Scim__BaseUrl must begin with https:// unless it is this machine itself: tokens go there.");
        foreach (var fault in Proxies.FaultsOf("Scim__KnownProxies", KnownProxies))
            yield return new(fault);
    }
}
