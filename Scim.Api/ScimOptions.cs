using System.ComponentModel.DataAnnotations;
using Shared.Hosting;

namespace Scim.Api;

/// <summary>The public address of this server, its migrations, and how long it keeps data.</summary>
internal sealed class ScimOptions : IValidatableObject
{
    public const string Section = "Scim";

    /// <summary>The path of the SCIM endpoints; a proxy may add a prefix.</summary>
    public const string Path = "/scim/v2";

    /// <summary>
    /// The address that customers paste, such as <c>https://iam.scileads.com/scim/v2</c>; <c>meta.location</c> begins
    /// with it.
    /// </summary>
    [Required(ErrorMessage = "Scim__BaseUrl is not set: it is the address that customers paste, ending in /scim/v2.")]
    [Url(ErrorMessage = "Scim__BaseUrl must be an absolute address, such as https://iam.example.com/scim/v2.")]
    public string BaseUrl { get; init; } = "";

    /// <summary>Whether migrations are applied at startup; otherwise <c>database migrate</c> applies them.</summary>
    public bool MigrateAtStart { get; init; }

    /// <summary>Days from the deletion of a user until the user's data is erased.</summary>
    [Range(0, 3650, ErrorMessage = "Scim__EraseDeletedAfterDays must be a number of days from 0 to 3650.")]
    public int EraseDeletedAfterDays { get; init; } = 30;

    /// <summary>Days for which provisioning events are kept.</summary>
    [Range(1, 3650, ErrorMessage = "Scim__KeepEventsDays must be a number of days from 1 to 3650.")]
    public int KeepEventsDays { get; init; } = 400;

    /// <summary>The IP addresses of proxies whose <c>X-Forwarded-For</c> is trusted.</summary>
    public IReadOnlyList<string> KnownProxies { get; init; } = [];

    /// <summary>Whether this server can be reached from other machines, which then requires TLS.</summary>
    public bool IsPublic => Uri.TryCreate(BaseUrl, UriKind.Absolute, out var address) && !address.IsLoopback;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The attributes report a missing or relative address.
        if (Uri.TryCreate(BaseUrl, UriKind.Absolute, out var url)
            && (url.Scheme is not ("http" or "https") || url.Query.Length + url.Fragment.Length > 0
                || url.UserInfo.Length > 0
                || !url.AbsolutePath.TrimEnd('/').EndsWith(Path, StringComparison.Ordinal)))
            yield return new(
                $"Scim__BaseUrl must be an http or https address that ends in {Path}, without a user name, query or "
                + $"fragment, such as https://iam.example.com{Path}; it is {BaseUrl}.");
        if (IsPublic && !BaseUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            yield return new(
                "Scim__BaseUrl must begin with https:// unless it is on this machine: tokens are sent to it.");
        foreach (var fault in Proxies.FaultsOf("Scim__KnownProxies", KnownProxies))
            yield return new(fault);
    }
}
