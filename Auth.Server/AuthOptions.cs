using System.ComponentModel.DataAnnotations;
using System.Net;
using Shared.Hosting;

namespace Auth.Server;

/// <summary>Where this server is, what it serves and how it keeps its data: the section <c>Auth</c>.</summary>
internal sealed class AuthOptions : IValidatableObject
{
    /// <summary>The address the outside knows: the issuer (RFC 8414 §2) and the portal.</summary>
    [Required(ErrorMessage = "Auth:PublicUrl is not set.")]
    public Uri PublicUrl { get; init; } = null!;

    /// <summary>The SCIM Base URL that customers paste into their identity provider.</summary>
    [Required(ErrorMessage = "Auth:ScimBaseUrl is not set.")]
    public Uri ScimBaseUrl { get; init; } = null!;

    /// <summary>The address at which the portal itself reaches <c>Scim.Api</c>.</summary>
    [Required(ErrorMessage = "Auth:ScimApiUrl is not set.")]
    public Uri ScimApiUrl { get; init; } = null!;

    /// <summary>
    /// A folder of this server's own, for the command socket and, unless it is elsewhere, the key certificate.
    /// </summary>
    [Required(ErrorMessage = "Auth:DataDirectory is not set.")]
    public string DataDirectory { get; init; } = null!;

    /// <summary>
    /// The certificate that protects the keys in the database, a PFX file without a password; made on first use. All
    /// nodes on one database need the same one.
    /// </summary>
    public string KeyCertificate
    {
        // Also read while the settings are, when DataDirectory may turn out to be missing.
        get => field ?? Path.Combine(DataDirectory ?? "", "keys.pfx");
        init;
    }

    /// <summary>Whether the server brings its database up to date when it starts; otherwise a command does.</summary>
    public bool MigrateAtStart { get; init; }

    /// <summary>How long an OAuth access token lives.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "06:00:00")]
    public TimeSpan AccessTokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// After how long a refresh token that was not used ends. Each use begins it anew, so that a client that provisions
    /// now and then keeps its access for as long as its credential set is active.
    /// </summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00",
        ErrorMessage = "Auth:UnusedRefreshTokenLifetime must be from 1 to 3650 days (1.00:00:00 to 3650.00:00:00).")]
    public TimeSpan UnusedRefreshTokenLifetime { get; init; } = TimeSpan.FromDays(365);

    /// <summary>When keys change.</summary>
    public KeyOptions Keys { get; init; } = new();

    /// <summary>When clients that fail to prove themselves are slowed down.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>The proxies whose <c>X-Forwarded-*</c> headers are believed, as IP addresses.</summary>
    public IReadOnlyList<string> KnownProxies { get; init; } = [];

    /// <summary>
    /// Networks such as <c>10.0.0.0/8</c> from which plain http is taken although <see cref="PublicUrl"/> is https:
    /// those of <c>Scim.Api</c>, of probes, of a proxy that is none of <see cref="KnownProxies"/>. This machine always
    /// is.
    /// </summary>
    public IReadOnlyList<string> PlainHttpFrom { get; init; } = [];

    /// <summary>
    /// Whether browsers see this server over TLS; cookies are then <c>Secure</c> and named <c>__Host-</c>.
    /// </summary>
    public bool IsHttps => PublicUrl.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // What is missing, the attributes say.
        if (PublicUrl is not null)
        {
            if (!IsHttp(PublicUrl) || PublicUrl.PathAndQuery != "/")
                yield return new("Auth:PublicUrl must be an address without a path, such as https://iam.example.com.");
            else if (!IsHttps && !PublicUrl.IsLoopback)
                yield return new("Auth:PublicUrl must begin with https:// unless it is this machine itself.");
        }
        if (ScimBaseUrl is not null
            && (!IsHttp(ScimBaseUrl) || (ScimBaseUrl.Scheme != "https" && !ScimBaseUrl.IsLoopback)))
            yield return new(
                "Auth:ScimBaseUrl must begin with https:// unless it is this machine itself: tokens go there.");
        // The same rule as that of Scim__BaseUrl, which is this address.
        else if (ScimBaseUrl is not null
            && (ScimBaseUrl.Query.Length + ScimBaseUrl.Fragment.Length + ScimBaseUrl.UserInfo.Length > 0
                || !ScimBaseUrl.AbsolutePath.TrimEnd('/').EndsWith("/scim/v2", StringComparison.Ordinal)))
        {
            yield return new(
                "Auth:ScimBaseUrl must end in /scim/v2, without anything behind it, as Scim__BaseUrl does; "
                + $"it is {ScimBaseUrl}.");
        }
        if (ScimApiUrl is not null && !IsHttp(ScimApiUrl))
            yield return new(
                "Auth:ScimApiUrl must be an absolute http or https address, such as http://127.0.0.1:5002.");
        foreach (var fault in Proxies.FaultsOf("Auth:KnownProxies", KnownProxies))
            yield return new(fault);
        foreach (var network in PlainHttpFrom)
        {
            if (!IPNetwork.TryParse(network, out var parsed))
                yield return new($"Auth:PlainHttpFrom holds {network}, which is no network such as 10.0.0.0/8.");
            else if (parsed.PrefixLength == 0)
                yield return new($"Auth:PlainHttpFrom holds {network}, which is the whole internet.");
        }

        foreach (var fault in Settings.FaultsOf(Keys).Concat(Settings.FaultsOf(Limits)))
            yield return new(fault);
    }

    private static bool IsHttp(Uri address) => address is { IsAbsoluteUri: true, Scheme: "http" or "https" };
}
