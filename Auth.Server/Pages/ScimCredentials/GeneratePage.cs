using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// A page that generates credentials and shows the secrets in the response to its form. For ten minutes, a reload,
/// which sends the same form again, shows them again; after that it is refused, because the form names a set that is no
/// longer current.
/// </summary>
[RecentSignIn(OnlyForms = true)]
internal abstract class GeneratePage(
    AccountRegister accounts,
    CredentialIssuer issuer,
    CredentialHistory history,
    RememberedForms forms,
    AuthDbContext db)
    : CredentialPage(history, db), IReturnTo
{
    // What fits into cookies: enough for a JWK set with a dozen keys.
    private const int MaxDraftLength = 6000;

    [BindProperty]
    public GenerateForm Input { get; set; } = new();

    /// <summary>
    /// What was filled in before the administrator was asked to confirm their identity. It contains no secrets.
    /// </summary>
    [TempData]
    public string? Draft { get; set; }

    public Account Account { get; private set; } = null!;

    public IssuedCredentials? Issued { get; private set; }

    public bool HasRedirectUris { get; private set; }

    public override IReadOnlyList<PageError> Errors => [.. base.Errors, .. Input.Errors];

    /// <summary>The address of the page, to return to after confirming the identity.</summary>
    protected abstract string Address { get; }

    /// <summary>The identity provider, in sentences.</summary>
    protected virtual string ProviderName => "your identity provider";

    /// <summary>How far the credentials are that were just generated.</summary>
    public CredentialProgress Progress => new(Status, Address, ProviderName, CanActivate: false);

    public string ReturnTo()
    {
        var draft = JsonSerializer.Serialize(FormDraft.Of(Input));
        // Not through the property, which is not saved when a filter responds instead of the page.
        if (draft.Length <= MaxDraftLength)
            TempData[nameof(Draft)] = draft;
        return Address;
    }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        Input = Draft is { } draft ? JsonSerializer.Deserialize<FormDraft>(draft)!.ToForm() : new();
        await Load(cancellation);
        if (Draft is null)
            Input = GenerateForm.Empty(Status);
        if (!Account.ScimEnabled)
            Response.StatusCode = StatusCodes.Status403Forbidden;
        return Page();
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var redirectUris = Input.Check();
        CheckProvider();
        if (!ModelState.IsValid)
            Input.Errors.Add(new("A value of the form is not valid."));
        if (Input.Errors.Count == 0)
            await Generate(redirectUris, cancellation);
        else
            Response.StatusCode = StatusCodes.Status400BadRequest;
        await Load(cancellation);
        return Page();
    }

    /// <summary>Adds what is wrong with the form for a particular provider.</summary>
    protected virtual void CheckProvider()
    {
    }

    protected override IActionResult Live() =>
        Status.New is null ? new NoContentResult() : Partial("_Progress", Progress);

    protected override async Task Load(CancellationToken cancellation)
    {
        await base.Load(cancellation);
        Account = await accounts.Get(Administrator.AccountId, cancellation);
        Input.For(Status);
    }

    /// <summary>What this form has generated in the last ten minutes; null if it has generated nothing.</summary>
    protected Task<IssuedCredentials?> Recall(CancellationToken cancellation) =>
        forms.Recall(Administrator, RememberedForms.HashOf(Request.Form), cancellation);

    private async Task Generate(List<string> redirectUris, CancellationToken cancellation)
    {
        var set = new NewCredentialSet(
            Administrator.AccountId,
            Input.Replaces,
            Input.Method!,
            Actor,
            Input.Lifetime,
            redirectUris,
            Input.IsOAuth && Input.RequirePkce,
            Input.IsOAuth && Input.Jwks is { Length: > 0 } ? Input.Jwks : null,
            Input.TakesOver is { } activation ? new(activation, Replaces: Input.ReplacesStaged) : null);
        Issued = Input.Form is null
            ? (await issuer.Generate(set, once: null, cancellation)).Result
            : await forms.Once(
                Administrator,
                RememberedForms.HashOf(Request.Form),
                once => issuer.Generate(set, once, cancellation),
                cancellation);
        HasRedirectUris = redirectUris.Count > 0;
    }

    private sealed record FormDraft(
        string? Method,
        Activation? TakesOver,
        string? OktaApp,
        string? OtherRedirectUris,
        bool ClientCredentialsOnly,
        bool RequirePkce,
        string? Jwks,
        int LifetimeDays,
        int? SecretLifetimeDays)
    {
        public static FormDraft Of(GenerateForm form) => new(
            form.Method, form.TakesOver, form.OktaApp, form.OtherRedirectUris, form.ClientCredentialsOnly,
            form.RequirePkce, form.Jwks, form.LifetimeDays, form.SecretLifetimeDays);

        public GenerateForm ToForm() => new()
        {
            Method = Method,
            TakesOver = TakesOver,
            OktaApp = OktaApp,
            OtherRedirectUris = OtherRedirectUris,
            ClientCredentialsOnly = ClientCredentialsOnly,
            RequirePkce = RequirePkce,
            Jwks = Jwks,
            LifetimeDays = LifetimeDays,
            SecretLifetimeDays = SecretLifetimeDays,
        };
    }
}
