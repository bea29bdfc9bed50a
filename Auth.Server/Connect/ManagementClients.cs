using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Abstractions;
using Shared.Hosting.Text;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The clients of the management API, for automation. Each authenticates with its own key (<c>private_key_jwt</c>, RFC
/// 7523 §2.2), and can access one account or all accounts.
/// </summary>
internal sealed class ManagementClients(AuthDbContext db, ClientManager clients, Operation operation, TimeProvider time)
{
    /// <summary>Allows reading credential sets, without their secrets.</summary>
    public const string ReadCredentials = "credentials.read";

    /// <summary>Allows generating, checking, activating and revoking credential sets.</summary>
    public const string WriteCredentials = "credentials.write";

    private const int LongestName = 100;

    /// <summary>
    /// The scopes that a client can request; a read-only one cannot request <see cref="WriteCredentials"/>.
    /// </summary>
    public static IReadOnlyList<string> Scopes { get; } =
        [Shared.Contracts.Scopes.ReadAccounts, ReadCredentials, WriteCredentials];

    /// <summary>Creates a client with a random client id.</summary>
    /// <exception cref="ProblemException">A value is invalid (400), or the account does not exist (404).</exception>
    public async Task<Client> Add(NewManagementClient wanted, CancellationToken cancellation) => (await operation.Run(
        wanted.Actor,
        AuditAction.AddManagementClient,
        wanted.AccountId,
        async work =>
        {
            var name = wanted.Name.Trim();
            if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
                throw ProblemException.Invalid($"A client's name must be one line of 1 to {LongestName} characters.");
            if (Identifiers.FaultOfExternal(name) is { } fault)
                throw ProblemException.Invalid($"The client's name {fault}");
            var keys = PublicKeys.Read(wanted.Jwks);
            if (wanted.AccountId is { } id && !await db.Accounts.AnyAsync(account => account.Id == id, cancellation))
                throw ProblemException.NotFound($"There is no account {id}.");
            var client = new Client
            {
                Management = new()
                {
                    AccountId = wanted.AccountId,
                    ReadOnly = wanted.ReadOnly,
                    CreatedAt = time.GetUtcNow().UtcDateTime,
                    CreatedBy = wanted.Actor.DisplayName,
                },
            };
            var descriptor = new OpenIddictApplicationDescriptor
            {
                ClientId = $"management-{Guid.NewGuid():N}",
                ClientType = ClientTypes.Confidential,
                DisplayName = name,
                JsonWebKeySet = keys,
                Permissions = { Permissions.Endpoints.Token, Permissions.GrantTypes.ClientCredentials },
            };
            descriptor.Permissions.UnionWith(Scopes
                .Where(scope => scope != WriteCredentials || !wanted.ReadOnly)
                .Select(scope => Permissions.Prefixes.Scope + scope));
            await clients.PopulateAsync(client, descriptor, cancellation);
            await clients.CreateAsync(client, cancellation);
            work.Entry.About = client.UniqueName;
            work.Entry.Detail = $"{Reach(client.Management)}; keys: {PublicKeys.NamesOf(keys)}";
            return client;
        },
        cancellation)).Result;

    /// <summary>The clients that are limited to the given account, or all clients.</summary>
    public Task<List<Client>> List(Guid? accountId, CancellationToken cancellation) => db.Clients.AsNoTracking()
        .Where(client => client.Management != null && (accountId == null || client.Management.AccountId == accountId))
        .OrderBy(client => client.DisplayName).ThenBy(client => client.Id).ToListAsync(cancellation);

    /// <summary>
    /// Removes a client. If an account is given, the client must be limited to it. When this
    /// returns, its tokens are invalid.
    /// </summary>
    /// <exception cref="ProblemException">The client does not exist (404).</exception>
    public Task Remove(string clientId, Guid? accountId, Actor actor, CancellationToken cancellation) => operation.Run(
        actor,
        AuditAction.RemoveManagementClient,
        accountId,
        async work =>
        {
            var client = await db.Clients.AsNoTracking().SingleOrDefaultAsync(
                client => client.ClientId == clientId && client.Management != null
                    && (accountId == null || client.Management.AccountId == accountId),
                cancellation) ?? throw ProblemException.NotFound("There is no such client of the management API.");
            (work.Entry.About, work.Entry.AccountId) = (client.UniqueName, client.Management!.AccountId);
            work.Entry.Detail = Reach(client.Management);
            await db.Tokens.Where(token => token.Application!.Id == client.Id).ExecuteDeleteAsync(cancellation);
            await db.Clients.Where(other => other.Id == client.Id).ExecuteDeleteAsync(cancellation);
        },
        cancellation);

    /// <summary>A description of what a client may do.</summary>
    private static string Reach(ManagementAccess access) =>
        (access.ReadOnly ? "Reads " : "Reads and rotates ")
            + (access.AccountId is null ? "all accounts" : "one account");
}

/// <summary>The properties of a new client of the management API.</summary>
/// <param name="Name">The display name.</param>
/// <param name="Jwks">Its public P-256 keys, a JWK set (RFC 7517 §5).</param>
/// <param name="AccountId">The only account that it can access; null is all accounts.</param>
/// <param name="ReadOnly">Whether it can only read.</param>
/// <param name="Actor">Who asks.</param>
internal sealed record NewManagementClient(string Name, string Jwks, Guid? AccountId, bool ReadOnly, Actor Actor);
