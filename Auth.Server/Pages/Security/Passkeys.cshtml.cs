using System.Buffers.Text;
using Auth.Server.Administrators;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Adds and removes the administrator's passkeys. Each has a name.</summary>
[RecentSignIn]
internal sealed class PasskeysModel(
    SecondFactorRegister factors, Passkeys passkeys, UserManager<Administrator> administrators)
    : SecondFactorPage(factors)
{
    /// <summary>Identifies the passkey request.</summary>
    [BindProperty]
    public string? Ticket { get; set; }

    /// <summary>The browser's answer, as JSON.</summary>
    [BindProperty]
    public string? Answer { get; set; }

    [BindProperty]
    public string? Name { get; set; }

    public IReadOnlyList<UserPasskeyInfo> Existing { get; private set; } = [];

    public PasskeyRequest NewPasskey { get; private set; } = null!;

    /// <summary>The suggested name for a new passkey.</summary>
    public string SuggestedName => Visitor.Describe(Request.Headers.UserAgent);

    public static string IdOf(UserPasskeyInfo passkey) => Base64Url.EncodeToString(passkey.CredentialId);

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public Task<IActionResult> OnPost(CancellationToken cancellation) => Add(
        "passkey",
        async () => await passkeys.Register(await Find(), Name, Ticket, Answer, HttpContext),
        "Your passkey was added. Your other sessions were ended.",
        cancellation);

    public async Task<IActionResult> OnPostRemove(string? id, CancellationToken cancellation)
    {
        var administrator = await Find();
        var passkey = (await passkeys.List(administrator)).FirstOrDefault(passkey => IdOf(passkey) == id);
        return passkey is null ? LocalRedirect(Site.Of(HttpContext).Security) : await Remove(
            "passkey", () => passkeys.Remove(administrator, passkey.CredentialId, cancellation),
            "The passkey was removed. Your other sessions were ended. Remove it from your device, too.", cancellation);
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        var administrator = await Find();
        Existing = [.. (await passkeys.List(administrator)).OrderBy(passkey => passkey.CreatedAt)];
        NewPasskey = await passkeys.RequestNew(administrator, HttpContext);
    }

    private async Task<Administrator> Find() =>
        (await administrators.FindByIdAsync(Administrator.AdministratorId.ToString()))!;
}
