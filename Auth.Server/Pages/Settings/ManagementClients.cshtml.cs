using Auth.Server.Connect;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The programs that read and rotate the account's credentials through the management API. They can access only
/// this account.
/// </summary>
[RecentSignIn]
internal sealed class ManagementClientsModel(ManagementClients clients, AuthOptions options) : PortalPage
{
    public const string Path = "/settings/management-clients";

    [BindProperty]
    public string? Name { get; set; }

    [BindProperty]
    public string? Jwks { get; set; }

    [BindProperty]
    public bool ReadOnly { get; set; }

    [TempData]
    public string? Done { get; set; }

    public IReadOnlyList<Client> Clients { get; private set; } = [];

    /// <summary>The address of the API.</summary>
    public Uri ApiUrl { get; } = new(options.PublicUrl, Management.ManagementApi.Root);

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPostAdd(CancellationToken cancellation)
    {
        var client = await clients.Add(
            new(Name ?? "", Jwks ?? "", Administrator.AccountId, ReadOnly, Actor), cancellation);
        Done = $"{client.DisplayName} can now call the management API, as client {client.ClientId}.";
        return LocalRedirect(Path);
    }

    public async Task<IActionResult> OnPostRemove(string clientId, CancellationToken cancellation)
    {
        await clients.Remove(clientId, Administrator.AccountId, Actor, cancellation);
        Done = "The client was removed. Its tokens are no longer valid.";
        return LocalRedirect(Path);
    }

    protected override async Task Load(CancellationToken cancellation) =>
        Clients = await clients.List(Administrator.AccountId, cancellation);
}
