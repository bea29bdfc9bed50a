using System.Globalization;
using Auth.Server.Connect;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>Asks <c>Scim.Api</c> how many seats accounts use.</summary>
internal sealed class SeatCounts(
    HttpClient http, TokenIssuer tokens, TimeProvider time, ILogger<SeatCounts> log)
{
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(1);

    /// <param name="accounts">At most <see cref="SeatsInUse.MaxAccounts"/>.</param>
    /// <param name="cancellation">Cancels the request.</param>
    /// <returns>
    /// The seats in use by product, of each account; null if <c>Scim.Api</c> cannot be reached. A product of which no
    /// seat is in use may be missing.
    /// </returns>
    public async Task<IReadOnlyDictionary<Guid, IReadOnlyDictionary<string, int>>?> Of(
        IReadOnlyList<Guid> accounts, CancellationToken cancellation)
    {
        if (accounts.Count == 0)
            return new Dictionary<Guid, IReadOnlyDictionary<string, int>>();
        var token = await tokens.Issue(
            accounts[0], "seat-counts", [Scopes.CountSeats], (time.GetUtcNow() + tokenLifetime).UtcDateTime);
        var query = QueryString.Create(accounts.Select(account => KeyValuePair.Create(
            "account", (string?)account.ToString("D", CultureInfo.InvariantCulture))));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"portal/seats-in-use{query}");
        request.Options.Set(DiagnosisRegistration.IsOptional, true);
        request.Headers.Authorization = new("Bearer", token);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            response.EnsureSuccessStatusCode();
            var counted = (await response.Content.ReadFromJsonAsync<SeatsInUse[]>(cancellation))!
                .ToLookup(seats => seats.Account);
            return accounts.ToDictionary(
                account => account,
                IReadOnlyDictionary<string, int> (account) =>
                    counted[account].ToDictionary(seats => seats.Product, seats => seats.Used));
        }
        // Operators can do most things without them.
        catch (Exception failed) when (!cancellation.IsCancellationRequested)
        {
            log.LogWarning("The seats in use could not be counted: {Reason}", failed.GetBaseException().Message);
            return null;
        }
    }
}
