using Auth.Server.Messages;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows who is told what, and adds and removes webhooks. Only the response to the form shows a webhook's key.
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class NoticesModel(WebhookRegister register, Outbox outbox) : PortalPage
{
    public const string Path = "/settings/notices";

    [BindProperty]
    public string? Address { get; set; }

    [TempData]
    public string? Done { get; set; }

    public bool SendsMail => outbox.SendsMail;

    public IReadOnlyList<Webhook> Webhooks { get; private set; } = [];

    public IssuedWebhook? Issued { get; private set; }

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPostAdd(CancellationToken cancellation)
    {
        Issued = await register.Add(Administrator.AccountId, Address ?? "", Actor, cancellation);
        await Load(cancellation);
        return Page();
    }

    public async Task<IActionResult> OnPostRemove(Guid id, CancellationToken cancellation)
    {
        await register.Remove(Administrator.AccountId, id, Actor, cancellation);
        Done = "The webhook was removed. Nothing more is sent to it.";
        return LocalRedirect(Path);
    }

    protected override async Task Load(CancellationToken cancellation) =>
        Webhooks = await register.List(Administrator.AccountId, cancellation);
}
