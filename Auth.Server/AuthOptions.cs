using System.ComponentModel.DataAnnotations;
using System.Net;
using Shared.Hosting;

namespace Auth.Server;

/// <summary>The addresses, storage and lifetimes of this server: the settings section <c>Auth</c>.</summary>
internal sealed class AuthOptions : IValidatableObject
{
    /// <summary>The public address of this server: the issuer (RFC 8414 §2) and the portal.</summary>
    [Required(ErrorMessage = "Auth:PublicUrl is not set.")]
    public Uri PublicUrl { get; init; } = null!;

    /// <summary>The SCIM Base URL that customers paste into their identity provider.</summary>
    [Required(ErrorMessage = "Auth:ScimBaseUrl is not set.")]
    public Uri ScimBaseUrl { get; init; } = null!;

    /// <summary>The address at which the portal reaches <c>Scim.Api</c>.</summary>
    [Required(ErrorMessage = "Auth:ScimApiUrl is not set.")]
    public Uri ScimApiUrl { get; init; } = null!;

    /// <summary>
    /// A folder used only by this server: for the command socket and, by default, the key certificate.
    /// </summary>
    [Required(ErrorMessage = "Auth:DataDirectory is not set.")]
    public string DataDirectory { get; init; } = null!;

    /// <summary>
    /// The certificate that protects the keys in the database: a PFX file without a password, created on first use. All
    /// nodes on one database need the same certificate.
    /// </summary>
    public string KeyCertificate
    {
        // Validation also reads this property, possibly while DataDirectory is missing.
        get => field ?? Path.Combine(DataDirectory ?? "", "keys.pfx");
        init;
    }

    /// <summary>Whether the server applies pending migrations when it starts; otherwise a command does.</summary>
    public bool MigrateAtStart { get; init; }

    /// <summary>The lifetime of an OAuth access token.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "06:00:00")]
    public TimeSpan AccessTokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long an unused refresh token stays valid. Each use restarts this period, so that a client that provisions
    /// only occasionally keeps its access for as long as its credential set is active.
    /// </summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00",
        ErrorMessage = "Auth:UnusedRefreshTokenLifetime must be from 1 to 3650 days (1.00:00:00 to 3650.00:00:00).")]
    public TimeSpan UnusedRefreshTokenLifetime { get; init; } = TimeSpan.FromDays(365);

    /// <summary>When signing and encryption keys are rotated.</summary>
    public KeyOptions Keys { get; init; } = new();

    /// <summary>The rate limits for clients, above all after failed client authentication.</summary>
    public LimitOptions Limits { get; init; } = new();

    /// <summary>The IP addresses of the proxies whose <c>X-Forwarded-*</c> headers are trusted.</summary>
    public IReadOnlyList<string> KnownProxies { get; init; } = [];

    /// <summary>
    /// Networks such as <c>10.0.0.0/8</c> from which plain http is accepted although <see cref="PublicUrl"/> is https:
    /// those of <c>Scim.Api</c>, of health probes, or of a proxy that is not in <see cref="KnownProxies"/>. Plain http
    /// from this machine is always accepted.
    /// </summary>
    public IReadOnlyList<string> PlainHttpFrom { get; init; } = [];

    /// <summary>
    /// Whether browsers see this server over TLS; cookies are then <c>Secure</c> and named <c>__Host-</c>.
    /// </summary>
    public bool IsHttps => PublicUrl.Scheme == Uri.UriSchemeHttps;

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // The [Required] attributes report missing values.
        if (PublicUrl is not null)
        {
            if (!IsHttp(PublicUrl) || PublicUrl.PathAndQuery != "/")
                yield return new("Auth:PublicUrl must be an address without a path, such as https://iam.example.com.");
            else if (!IsHttps && !PublicUrl.IsLoopback)
                yield return new("Auth:PublicUrl must begin with https:// unless it is an address of this machine.");
        }
        if (ScimBaseUrl is not null
            && (!IsHttp(ScimBaseUrl) || (ScimBaseUrl.Scheme != "https" && !ScimBaseUrl.IsLoopback)))
            yield return new(
                "Auth:ScimBaseUrl must begin with https:// unless it is an address of this machine: tokens go there.");
        // The same rule as for Scim__BaseUrl, which is the same address.
        else if (ScimBaseUrl is not null
            && (ScimBaseUrl.Query.Length + ScimBaseUrl.Fragment.Length + ScimBaseUrl.UserInfo.Length > 0
                || !ScimBaseUrl.AbsolutePath.TrimEnd('/').EndsWith("/scim/v2", StringComparison.Ordinal)))
        {
            yield return new(
                "Auth:ScimBaseUrl must end in /scim/v2, with nothing after it, like Scim__BaseUrl; "
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
                yield return new($"Auth:PlainHttpFrom contains {network}, which is not a network such as 10.0.0.0/8.");
            else if (parsed.PrefixLength == 0)
                yield return new($"Auth:PlainHttpFrom contains {network}, which is the whole internet.");
        }

        foreach (var fault in Settings.FaultsOf(Keys).Concat(Settings.FaultsOf(Limits)))
            yield return new(fault);
    }

    private static bool IsHttp(Uri address) => address is { IsAbsoluteUri: true, Scheme: "http" or "https" };
}
