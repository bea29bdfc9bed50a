using Auth.Server.Administrators;
using Auth.Server.Messages;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages;

/// <summary>
/// Asks for a link to set a new password. The response is the same whether or not an administrator has the address.
/// Without a mail server, there is no such page.
/// </summary>
internal sealed class ForgottenPasswordModel(ForgottenPasswords requests, Outbox outbox) : PortalPage
{
    public const string Path = "/forgotten-password";

    [BindProperty]
    public string? Email { get; set; }

    public bool IsSent { get; private set; }

    public IActionResult OnGet() => outbox.SendsMail ? Page() : NotFound();

    public IActionResult OnPost()
    {
        if (!outbox.SendsMail)
            return NotFound();
        Email = AdministratorRegister.CheckEmail((Email ?? "").Trim());
        if (requests.Accept(Email, Visitor.From(HttpContext)) is { } wait)
            Refusal = Portal.Refuse(Response, wait, "");
        IsSent = Refusal is null;
        return Page();
    }
}
