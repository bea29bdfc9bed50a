namespace Auth.Server.Administrators;

/// <summary>A browser in which an administrator has signed in.</summary>
internal sealed record Device(Guid Id, Guid AdministratorId);

/// <summary>
/// Makes a browser known after a sign-in. Its failures are then counted apart from those of strangers, who cannot hold
/// off somebody who comes with it (OWASP calls it a device cookie). It opens nothing.
/// </summary>
internal sealed class DeviceCookie(Tickets tickets, AuthOptions auth)
{
    private const string Purpose = "device";
    private static readonly TimeSpan lifetime = TimeSpan.FromDays(180);

    private string Name => PortalCookie.NameOf("device", auth);

    public Device? Read(HttpContext http) => tickets.Read<Device>(Purpose, http.Request.Cookies[Name]);

    /// <summary>Renews the cookie with each sign-in. A browser knows the administrator who used it last.</summary>
    public void Write(HttpContext http, Guid administratorId)
    {
        var device = Read(http) is { } known && known.AdministratorId == administratorId
            ? known
            : new(Guid.CreateVersion7(), administratorId);
        http.Response.Cookies.Append(Name, tickets.Issue(Purpose, device, lifetime), new()
        {
            HttpOnly = true,
            IsEssential = true,
            MaxAge = lifetime,
            SameSite = SameSiteMode.Lax,
            Secure = auth.IsHttps,
        });
    }
}
