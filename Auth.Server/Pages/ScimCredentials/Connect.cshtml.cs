using System.Net.Mime;
using System.Text;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// Connects an identity provider step by step: which one, how, the values with the labels of its own form, and whether
/// it has called.
/// </summary>
internal sealed class ConnectModel(
    AccountRegister accounts,
    CredentialIssuer issuer,
    CredentialHistory history,
    RememberedForms forms,
    AuthDbContext db,
    AuthOptions options)
    : GeneratePage(accounts, issuer, history, forms, db)
{
    public const string Path = "/scim-credentials/connect";

    [BindProperty(Name = "provider", SupportsGet = true)]
    public string? ProviderId { get; set; }

    /// <summary>The chosen provider; null in the first step.</summary>
    public Provider? Provider => Provider.Find(ProviderId);

    /// <summary>The values to enter at the provider.</summary>
    public IEnumerable<CopyField> Values => Provider!.Values(IssuedValues.Of(Issued!, options));

    /// <summary>The fields of the form that has generated the credentials, which the download sends again.</summary>
    public IEnumerable<(string Name, string Value)> SentFields =>
        from sent in Request.Form
        where sent.Key != "__RequestVerificationToken"
        from value in sent.Value
        select (sent.Key, value);

    protected override string Address => Provider is null ? Path : $"{Path}?provider={Provider.Id}";

    protected override string ProviderName => Provider?.Name ?? base.ProviderName;

    /// <summary>The values as a file, for ten minutes after they were generated.</summary>
    public async Task<IActionResult> OnPostDownload(CancellationToken cancellation)
    {
        if (Provider is not { } provider || await Recall(cancellation) is not { } issued)
        {
            throw ProblemException.Conflict(
                "The file can be downloaded for ten minutes after the credentials were generated, while they are valid."
                + " Nothing was changed.");
        }

        var lines = provider.Values(IssuedValues.Of(issued, options))
            .Select(value => $"{value.Label}: {value.Value}\r\n");
        return File(
            Encoding.UTF8.GetBytes(string.Concat(lines)),
            MediaTypeNames.Text.Plain,
            $"scileads-{provider.Id}.txt");
    }

    protected override void CheckProvider()
    {
        if (Provider is not { } provider || !provider.Methods.Contains(Input.Method, StringComparer.Ordinal))
            Input.Errors.Add(new("Choose an identity provider and a method that it can use."));
        else if (provider.NeedsRedirectUris && string.IsNullOrWhiteSpace(Input.OktaApp) && Input.Errors.Count == 0)
            Input.Errors.Add(new("Enter the Okta app name. Okta cannot be authorized without it.", "okta-app"));
        else if (provider.IsEntra && Input.IsOAuth
            && !GenerateForm.SecretLifetimes.Any(lifetime => lifetime.Days == Input.SecretLifetimeDays))
            Input.Errors.Add(new("Choose when the secret expires: after one to three years.", "secret-lifetime"));
    }
}
