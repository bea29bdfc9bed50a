using Shared.Contracts;

namespace Scim.Api.Tests;

/// <summary>
/// A customer of the <see cref="TestAuthServer"/> with its active credential set. The next introspection of its tokens
/// reports what a test changes here.
/// </summary>
internal sealed class TestAccount
{
    public TestAccount() => Policy = new()
    {
        Id = Guid.CreateVersion7(),
        Name = "Acme",
        ScimEnabled = true,
        AttributeRules = AttributeRuleSets.Guide,
        Domains = [],
        Licences = [],
    };

    public AccountPolicy Policy { get; set; }

    public Guid Id => Policy.Id;

    public Guid SetId { get; set; } = Guid.CreateVersion7();

    public long Generation { get; set; } = 1;

    public string Method { get; set; } = CredentialMethods.DirectJwt;

    /// <summary>The introspection response for a token of the set that is active now.</summary>
    public TokenIntrospection Answer(string scope = Scopes.Scim) => new()
    {
        Active = true,
        Scope = scope,
        ExpiresIn = 3600,
        Account = Policy,
        CredentialSet = new() { Id = SetId, Generation = Generation, Method = Method },
    };

    /// <summary>The introspection response for the portal's own token for an administrator of the account.</summary>
    public TokenIntrospection PortalAnswer(string email = "admin@example.com", bool readOnly = false) => new()
    {
        Active = true,
        Scope = Scopes.Portal,
        ExpiresIn = 300,
        Account = Policy,
        Act = new() { Subject = Guid.CreateVersion7().ToString(), Email = email, ReadOnly = readOnly },
    };
}
