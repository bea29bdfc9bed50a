namespace Auth.Server.Administrators;

/// <summary>A browser in which an administrator has signed in before.</summary>
internal sealed record Device(Guid Id, Guid AdministratorId);

/// <summary>
/// The cookie by which a browser is recognized after a sign-in (OWASP calls it a device cookie). Its failed sign-ins
/// are counted separately, so that other people's guesses cannot lock out an administrator who uses it. It
/// authenticates nobody.
/// </summary>
internal sealed class DeviceCookie(Tickets tickets, AuthOptions auth)
{
    private const string Purpose = "device";
    private static readonly TimeSpan lifetime = TimeSpan.FromDays(180);

    public Device? Read(HttpContext http) => tickets.Read<Device>(Purpose, http.Request.Cookies[NameFor(http)]);

    /// <summary>Renews the cookie at each sign-in. It names the administrator who last signed in.</summary>
    public void Write(HttpContext http, Guid administratorId)
    {
        var device = Read(http) is { } known && known.AdministratorId == administratorId
            ? known
            : new(Guid.CreateVersion7(), administratorId);
        http.Response.Cookies.Append(NameFor(http), tickets.Issue(Purpose, device, lifetime), new()
        {
            HttpOnly = true,
            IsEssential = true,
            MaxAge = lifetime,
            SameSite = SameSiteMode.Lax,
            Secure = auth.IsHttps,
        });
    }

    // Each site has its own, as somebody may use both.
    private string NameFor(HttpContext http) =>
        PortalCookie.NameOf(Site.Of(http).IsConsole ? "operator-device" : "device", auth);
}
