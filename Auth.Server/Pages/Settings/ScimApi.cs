using System.Text.Json;
using Auth.Server.Administrators;
using Auth.Server.Connect;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The people of the signed-in administrator's account, as <c>Scim.Api</c> has them. Each call carries a token of five
/// minutes in the administrator's name.
/// </summary>
internal sealed class ScimApi(HttpClient http, TokenIssuer tokens, TimeProvider time)
{
    private const string UsersPath = "portal/users";
    private static readonly TimeSpan tokenLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A page of people that match a search; an empty search is everybody.</summary>
    public async Task<PortalUsers> List(SignedIn administrator, string? search, int page, CancellationToken cancellation)
    {
        var query = $"{UsersPath}?search={Uri.EscapeDataString(search ?? "")}&page={page}";
        using var response = await Send(administrator, new(HttpMethod.Get, query), cancellation);
        return (await response.Content.ReadFromJsonAsync<PortalUsers>(cancellation))!;
    }

    public async Task Add(SignedIn administrator, NewPortalUser user, CancellationToken cancellation)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, UsersPath) { Content = JsonContent.Create(user) };
        using var response = await Send(administrator, request, cancellation);
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
        using var response = await Send(administrator, request, cancellation);
    }

    /// <exception cref="ProblemException">A refusal of Scim.Api, in its words, or 503 if it cannot be reached.</exception>
    private async Task<HttpResponseMessage> Send(
        SignedIn administrator, HttpRequestMessage request, CancellationToken cancellation)
    {
        using (request)
        {
            request.Headers.Authorization = new("Bearer", await IssueToken(administrator));
            HttpResponseMessage response;
            try
            {
                response = await http.SendAsync(request, cancellation);
            }
            // A transport fault, a time-out, an open circuit: it comes to the same for who reads the page.
            catch (Exception) when (!cancellation.IsCancellationRequested)
            {
                throw new ProblemException(503, "The list of people cannot be reached right now. Try again in a minute.");
            }

            if (response.IsSuccessStatusCode)
                return response;
            using (response)
                throw new ProblemException((int)response.StatusCode, await DetailOf(response, cancellation));
        }
    }

    private Task<string> IssueToken(SignedIn administrator) => tokens.Issue(
        administrator.AccountId,
        "portal",
        [Scopes.Scim, Scopes.Portal],
        (time.GetUtcNow() + tokenLifetime).UtcDateTime,
        (IssuedUnder.Session, administrator.SessionId.ToString()));

    private static async Task<string> DetailOf(HttpResponseMessage response, CancellationToken cancellation)
    {
        try
        {
            var error = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return error.GetProperty("detail").GetString()!;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return $"The list of people answered with status {(int)response.StatusCode}.";
        }
    }
}
