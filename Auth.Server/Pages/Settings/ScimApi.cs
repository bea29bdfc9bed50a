using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The people of the signed-in administrator's account, and what was tried with them, as <c>Scim.Api</c> has it. Each
/// call carries a token of five minutes in the administrator's name.
/// </summary>
internal sealed class ScimApi(HttpClient http, TokenIssuer tokens, TimeProvider time)
{
    private const string UsersPath = "portal/users";
    private const string EventsPath = "portal/events";
    private const string People = "The list of people";
    private const string Log = "The provisioning log";
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A page of people that match a search; an empty search is everybody.</summary>
    public async Task<PortalUsers> List(SignedIn administrator, string? search, int page, CancellationToken cancellation)
    {
        var query = $"{UsersPath}?search={Uri.EscapeDataString(search ?? "")}&page={page}";
        using var response = await Send(administrator, new(HttpMethod.Get, query), People, cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalUsers>(cancellation))!;
    }

    public async Task Add(SignedIn administrator, NewPortalUser user, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, UsersPath) { Content = JsonContent.Create(user) };
        using var response = await Send(administrator, request, People, cancellation);
    }

    /// <summary>Deactivates or reactivates a person by hand.</summary>
    public async Task SetActive(SignedIn administrator, Guid user, bool active, CancellationToken cancellation)
    {
        var patch = new
        {
            schemas = new[] { "urn:ietf:params:scim:api:messages:2.0:PatchOp" },
            Operations = new[] { new { op = "replace", path = "active", value = active } },
        };
        // As the names stand above: SCIM spells Operations with a capital.
        var content = JsonContent.Create(patch, options: JsonSerializerOptions.Default);
        var request = new HttpRequestMessage(HttpMethod.Patch, $"scim/v2/Users/{user}") { Content = content };
        using var response = await Send(administrator, request, People, cancellation);
    }

    /// <summary>A page of provisioning events; the query is one of <see cref="PortalEvents"/>.</summary>
    public async Task<PortalEvents> Events(SignedIn administrator, QueryString query, CancellationToken cancellation)
    {
        using var response = await Send(administrator, new(HttpMethod.Get, EventsPath + query), Log, cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalEvents>(cancellation))!;
    }

    /// <summary>All events of a query as CSV; the caller reads the answer as it comes, and disposes of it.</summary>
    public Task<HttpResponseMessage> EventsAsCsv(
        SignedIn administrator, QueryString query, CancellationToken cancellation) =>
        Send(administrator, new(HttpMethod.Get, $"{EventsPath}.csv{query}"), Log, cancellation);

    /// <exception cref="ProblemException">A refusal of Scim.Api, in its words, or 503 if it cannot be reached.</exception>
    private async Task<HttpResponseMessage> Send(
        SignedIn administrator, HttpRequestMessage request, string what, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = new("Bearer", await IssueToken(administrator));
            HttpResponseMessage response;
            try
            {
                response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            }
            // A transport fault, a time-out, an open circuit: it comes to the same for who reads the page.
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                throw new ProblemException(503, $"{what} cannot be reached right now. Try again in a minute.");
            }

            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw new ProblemException((int)response.StatusCode, await DetailOf(response, what, cancellation));
        }
    }

    private Task<string> IssueToken(SignedIn administrator) => tokens.Issue(
        administrator.AccountId,
        "portal",
        [Scopes.Scim, Scopes.Portal],
        (time.GetUtcNow() + tokenLifetime).UtcDateTime,
        (IssuedUnder.Session, administrator.SessionId.ToString()));

    private static async Task<string> DetailOf(
        HttpResponseMessage response, string what, CancellationToken cancellation)
    {
        try
        {
            var error = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return error.GetProperty("detail").GetString()!;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"{what} answered with status {(int)response.StatusCode}.";
        }
    }
}
