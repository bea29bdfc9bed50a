using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>
/// Finds out why a person is not provisioned: gathers the facts of this server, asks <c>Scim.Api</c> for its own, and
/// lets <see cref="Diagnosis"/> decide. For the portal, the management API and the command.
/// </summary>
internal sealed class Diagnoses(
    AccountRegister accounts,
    CredentialHistory credentials,
    HttpClient http,
    TokenIssuer tokens,
    TimeProvider time,
    ILogger<Diagnoses> log)
{
    public const int LongestAddress = 254;

    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(1);

    /// <exception cref="ProblemException">
    /// The account does not exist (404), or the address is not one that could be looked for (400).
    /// </exception>
    public async Task<Diagnosis> Diagnose(Guid accountId, string? address, CancellationToken cancellation)
    {
        var wanted = (address ?? "").Trim();
        if (wanted.Length is 0 or > LongestAddress)
            throw ProblemException.Invalid($"Give an e-mail address of at most {LongestAddress} characters.");
        var account = await accounts.Get(accountId, cancellation);
        var lookup = await LookUp(account, wanted, cancellation);
        return Diagnosis.Of(new()
        {
            Address = wanted,
            Connection = await Connection.Read(account, credentials, lookup?.LastCall, cancellation),
            Lookup = lookup,
        });
    }

    private async Task<PortalLookup?> LookUp(Account account, string address, CancellationToken cancellation)
    {
        // A token for the account, not for anybody's session: it can only read, for a minute, and is given to nobody.
        var token = await tokens.Issue(
            account.Id, "diagnosis", [Scopes.ReadPeople], (time.GetUtcNow() + tokenLifetime).UtcDateTime);
        using var request = new HttpRequestMessage(
            HttpMethod.Get, $"portal/lookup?address={Uri.EscapeDataString(address)}");
        request.Headers.Authorization = new("Bearer", token);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<PortalLookup>(cancellation);
        }
        // Whatever it is, the causes that this server knows can still be checked.
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            log.LogWarning("A person could not be looked up: {Reason}", failed.GetBaseException().Message);
            return null;
        }
    }
}

/// <summary>Registers what explains why a person is not provisioned.</summary>
internal static class DiagnosisRegistration
{
    /// <summary>Set for a request whose page is useful without the response.</summary>
    public static readonly HttpRequestOptionsKey<bool> IsOptional = new("optional");

    public static void AddDiagnosis(this IServiceCollection services, AuthOptions auth) =>
        services.AddHttpClient<Diagnoses>(http => http.BaseAddress = auth.ScimApiUrl)
            .AddStandardResilienceHandler(ForPages);

    /// <summary>
    /// No page waits for <c>Scim.Api</c> longer than this. Unsafe requests are not repeated, as they may have been
    /// carried out; nor are optional ones, so that their page appears sooner.
    /// </summary>
    public static void ForPages(HttpStandardResilienceOptions resilience)
    {
        resilience.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(8);
        resilience.AttemptTimeout.Timeout = TimeSpan.FromSeconds(3);
        resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);
        resilience.Retry.MaxRetryAttempts = 2;
        resilience.Retry.DisableForUnsafeHttpMethods();
        var isTransient = resilience.Retry.ShouldHandle;
        resilience.Retry.ShouldHandle = async call =>
            !call.Context.GetRequestMessage()!.Options.TryGetValue(IsOptional, out _) && await isTransient(call);
    }
}
