using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api;
using Scim.Api.Data;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Scim.Api.Users.Search;
using Shared.Hosting.Text;

namespace Benchmarks.Micro;

/// <summary>
/// The parts of a request: time and allocations of each, without network and database. In this process, because
/// BenchmarkDotNet would otherwise build a project of its own.
/// </summary>
[MemoryDiagnoser]
public class Parts
{
    private const string BaseUrl = "http://localhost:5002/scim/v2";
    private const string Filter = "userName eq \"Ann.Lee000000001@example.com\"";

    private const string Patch =
        """
        {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations":[{"op":"replace","value":{"active":false}}]}
        """;

    private static readonly string body = SeededUsers.Body(SeededUsers.Digits(1));
    private static readonly User user = SeededUsers.Create(Guid.Empty, 1);
    private static readonly JsonObject document = user.Json();
    private static readonly Resource resource = user.ToResource();
    private static readonly Projection few = Projection.Read(["userName,emails.value"], []);
    private static readonly BoundFilter bound = BoundFilter.Parse(Filter, ResourceType.User.Find);
    private static readonly ECDsaSecurityKey key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "k" };
    private static readonly JsonWebTokenHandler tokens = new() { MapInboundClaims = false };

    private readonly ArrayBufferWriter<byte> output = new(8192);
    private SqlDialect dialect = null!;
    private UserSearch search = null!;
    private string token = null!;

    private static readonly TokenValidationParameters validation = new()
    {
        ValidIssuer = "issuer",
        ValidAudience = "scim",
        ValidTypes = ["at+jwt"],
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        ValidateLifetime = false,
        IssuerSigningKey = key,
    };

    internal static void Run(string[] options) => BenchmarkRunner.Run<Parts>(
        DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance)), options);

    /// <summary>Prepares what the benchmarks use.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        var db = new SqliteScimDbContext(
            new DbContextOptionsBuilder<SqliteScimDbContext>().UseSqlite("Data Source=:memory:").Options);
        dialect = SqlDialect.Of(db.Database);
        search = new(
            db, new SearchBudget(TimeProvider.System), new Anchors(TimeProvider.System),
            Options.Create(new ScimOptions { BaseUrl = BaseUrl }));
        token = tokens.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            Issuer = "issuer",
            Audience = "scim",
            Subject = new ClaimsIdentity([new("sub", "account")]),
            SigningCredentials = new(key, SecurityAlgorithms.EcdsaSha256),
        });
    }

    /// <summary>Parses the body of a create.</summary>
    [Benchmark]
    public JsonNode ParseBody() => JsonNode.Parse(body)!;

    /// <summary>Reads its attributes by the schema.</summary>
    [Benchmark]
    public object ReadBody() =>
        DocumentReader.Read(ResourceType.User, JsonNode.Parse(body)!.AsObject(), new ClientQuirks());

    /// <summary>Parses and binds a filter.</summary>
    [Benchmark]
    public object ParseFilter() => BoundFilter.Parse(Filter, ResourceType.User.Find);

    /// <summary>Builds the SQL of a filter.</summary>
    [Benchmark]
    public object BuildSql()
    {
        var sql = new SqlText(dialect);
        search.WritePage(sql, new(Guid.Empty, bound), sortKey: null, after: null, skip: 0, take: 100);
        return sql;
    }

    /// <summary>Parses a PATCH and applies it.</summary>
    [Benchmark]
    public object ApplyPatch() => PatchRequest.Read(JsonNode.Parse(Patch)!.AsObject(), new ClientQuirks())
        .ApplyTo(document, ResourceType.User);

    /// <summary>Folds a userName.</summary>
    [Benchmark]
    public string FoldUserName() => CaseFolding.Fold(user.UserName);

    /// <summary>Folds a document for filters and sorting.</summary>
    [Benchmark]
    public object FoldDocument() => SearchDocument.Of(ResourceType.User, document);

    /// <summary>Writes a user as the client sees it.</summary>
    [Benchmark]
    public int WriteUser()
    {
        output.ResetWrittenCount();
        resource.WriteTo(output, BaseUrl, Projection.Whole);
        return output.WrittenCount;
    }

    /// <summary>Writes two attributes of a user.</summary>
    [Benchmark]
    public int ProjectUser()
    {
        output.ResetWrittenCount();
        resource.WriteTo(output, BaseUrl, few);
        return output.WrittenCount;
    }

    /// <summary>Checks the signature and the claims of a token.</summary>
    [Benchmark]
    public Task<TokenValidationResult> CheckToken() => tokens.ValidateTokenAsync(token, validation);
}
