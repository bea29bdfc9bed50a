using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;
using WireMock;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using WireMock.Settings;
using WireMock.Types;
using WireMock.Util;

namespace Scim.Api.Tests;

/// <summary>
/// The other server, on a separate port: it signs tokens with a real ES256 key, publishes the key, and answers
/// introspection as the test configures it for each token. Other tokens are inactive.
/// </summary>
internal sealed class TestAuthServer : IDisposable
{
    private readonly ConcurrentDictionary<string, Func<TokenIntrospection>> answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ECDsaSecurityKey> keys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, Func<AccountPolicy>> accounts = new();

    /// <param name="hasEvents">Older servers have none, and grant no leases.</param>
    public TestAuthServer(bool hasEvents = true)
    {
        Events = hasEvents ? new TestEvents(this) : null;
        Http = Start(port: null);
        Key = AddKey();
    }

    /// <summary>The events for nodes that poll.</summary>
    public TestEvents? Events { get; }

    public WireMockServer Http { get; private set; }

    public string Url => Http.Url!;

    /// <summary>The key that signs.</summary>
    public ECDsaSecurityKey Key { get; set; }

    /// <summary>How often the address was called.</summary>
    public int Calls(string path) => Http.LogEntries.Count(entry => entry.RequestMessage?.Path == "/" + path);

    /// <summary>The form of the last POST to the address.</summary>
    public Dictionary<string, StringValues> LastForm(string path) =>
        QueryHelpers.ParseQuery(
            Http.LogEntries.Last(entry => entry.RequestMessage?.Path == "/" + path).RequestMessage!.Body);

    /// <summary>The address responds like this until <see cref="Recover"/>.</summary>
    public void Fail(string path, IResponseBuilder response) =>
        Http.Given(Request.Create().WithPath("/" + path)).AtPriority(-1).RespondWith(response);

    public void Recover()
    {
        Http.ResetMappings();
        AnswerAll();
    }

    /// <summary>Stops listening until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        Events?.Wake();
        Http.Stop();
    }

    public void Resume() => Http = Start(Http.Port);

    /// <summary>Publishes another key.</summary>
    public ECDsaSecurityKey AddKey()
    {
        var key = NewKey(Guid.NewGuid().ToString("N"));
        return keys[key.KeyId] = key;
    }

    /// <summary>A key that is not published.</summary>
    public static ECDsaSecurityKey NewKey(string id) =>
        new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = id };

    public void RemoveKey(ECDsaSecurityKey key) => keys.TryRemove(key.KeyId, out _);

    /// <summary>A token of the account's set; introspection reports the account as it is at that time.</summary>
    public string IssueToken(TestAccount account, string scope = Scopes.Scim)
    {
        accounts[account.Id] = () => account.Policy;
        var set = account.Answer().CredentialSet!;
        return IssueToken(
            () => set.Id == account.SetId
                ? account.Answer(scope) with { CredentialSet = set }
                : new() { Active = false },
            jwt => AddOrigin(jwt, account));
    }

    /// <summary>The claims that tokens of a credential set have.</summary>
    public static void AddOrigin(SecurityTokenDescriptor jwt, TestAccount account)
    {
        jwt.Claims[JwtRegisteredClaimNames.Sub] = account.Id.ToString();
        jwt.Claims[AccessTokenClaims.CredentialSet] = account.SetId.ToString();
    }

    /// <summary>A token of the portal for an administrator of the account.</summary>
    public string IssuePortalToken(TestAccount account) => IssueToken(() => account.PortalAnswer());

    /// <summary>A signed <c>at+jwt</c> that the test can change, and the introspection response for it.</summary>
    public string IssueToken(Func<TokenIntrospection> answer, Action<SecurityTokenDescriptor>? change = null)
    {
        var now = DateTime.UtcNow;
        var token = new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = Url,
            Audience = Audiences.Scim,
            IssuedAt = now,
            Expires = now.AddHours(1),
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString() },
            SigningCredentials = new(Key, SecurityAlgorithms.EcdsaSha256),
        };
        change?.Invoke(token);
        var jwt = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
        Tell(jwt, answer);
        return jwt;
    }

    /// <summary>Sets the introspection response for the token.</summary>
    public void Tell(string token, Func<TokenIntrospection> answer) => answers[token] = answer;

    public void Dispose()
    {
        Events?.Dispose();
        Http.Dispose();
    }

    private WireMockServer Start(int? port)
    {
        Http = WireMockServer.Start(new WireMockServerSettings { Port = port, MaxRequestLogCount = 1000 });
        AnswerAll();
        return Http;
    }

    private void AnswerAll()
    {
        AnswerKeys();
        AnswerIntrospection();
        AnswerToken();
        if (Events is not null)
            AnswerPolls(Events);
    }

    private void AnswerPolls(TestEvents events) => Http
        .Given(Request.Create().WithPath("/" + AuthServerPaths.EventsPoll).UsingPost()
            .WithHeader("Authorization", "Bearer client-credentials"))
        .RespondWith(Response.Create().WithCallback(async request =>
            Json(await events.Answer(JsonSerializer.Deserialize<EventPoll>(request.Body!)!))));

    private void AnswerKeys() => Http
        .Given(Request.Create().WithPath("/" + AuthServerPaths.Keys).UsingGet())
        .RespondWith(Response.Create().WithCallback(_ => Json(new
        {
            keys = keys.Values.Select(key => JsonWebKeyConverter.ConvertFromECDsaSecurityKey(key)).Select(jwk => new
            {
                kty = jwk.Kty,
                crv = jwk.Crv,
                x = jwk.X,
                y = jwk.Y,
                kid = jwk.Kid,
                use = "sig",
                alg = "ES256",
            }),
        })));

    private void AnswerIntrospection() => Http
        .Given(Request.Create().WithPath("/" + AuthServerPaths.Introspection).UsingPost())
        .RespondWith(Response.Create().WithCallback(request =>
        {
            var form = QueryHelpers.ParseQuery(request.Body);
            return answers.TryGetValue(form["token"].ToString(), out var answer)
                ? Json(answer())
                : Json(new { active = false });
        }));

    private void AnswerToken()
    {
        Http.Given(Request.Create().WithPath("/" + AuthServerPaths.Token).UsingPost())
            .RespondWith(Response.Create().WithCallback(_ =>
                Json(new { access_token = "client-credentials", token_type = "Bearer", expires_in = 300 })));
        Http.Given(Request.Create().WithPath($"/{AuthServerPaths.Accounts}/*").UsingGet()
                .WithHeader("Authorization", "Bearer client-credentials"))
            .RespondWith(Response.Create().WithCallback(request =>
                accounts.TryGetValue(Guid.Parse(request.PathSegments[^1]), out var policy)
                    ? Json(policy())
                    : new ResponseMessage { StatusCode = 404 }));
    }

    private static ResponseMessage Json<T>(T body) => new()
    {
        StatusCode = 200,
        Headers = new Dictionary<string, WireMockList<string>>
        {
            ["Content-Type"] = new("application/json;charset=utf-8"),
        },
        BodyData = new BodyData { DetectedBodyType = BodyType.String, BodyAsString = JsonSerializer.Serialize(body) },
    };
}
