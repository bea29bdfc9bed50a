using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

/// <summary>
/// A filter has one meaning: for random users and random filters, what the database finds is what holds in memory.
/// <c>TEST_NIGHTLY=1</c> tries many more.
/// </summary>
internal sealed class FilterAgreementTests
{
    private const string BaseUrl = "http://localhost:5002/scim/v2";
    private const int Users = 150;

    private static readonly ResourceType Type = RandomUsers.Type;
    private static readonly int Tries = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 2_000 : 100_000;

    private readonly Guid account = Guid.CreateVersion7();
    private readonly List<(Guid Id, JsonObject Json)> users = [];
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        RandomUsers.Document.Array[Users].Sample(documents => Add(db, documents), iter: 1, threads: 1, seed: "0000000000001");
        await db.SaveChangesAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Memory_and_database_agree()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.Database.OpenConnectionAsync();
        var found = 0;
        RandomUsers.Filter.Sample(
            filter =>
            {
                var expected = users.Where(user => filter.Matches(user.Json, Type.Find)).Select(user => user.Id).Order().ToList();
                found += expected.Count;
                return Find(db, filter).Order().SequenceEqual(expected);
            },
            iter: Tries,
            threads: 1,
            seed: "0000000000002",
            print: filter => filter.ToString());
        Assert.That(found, Is.GreaterThan(Tries), "the filters find somebody");
    }

    [Test]
    public void A_filter_reads_back_what_it_prints() =>
        RandomUsers.Filter.Sample(
            filter => Filter.Parse(filter.ToString()).ToString() == filter.ToString(),
            iter: Tries,
            seed: "0000000000003",
            print: filter => filter.ToString());

    private void Add(ScimDbContext db, JsonObject[] documents)
    {
        foreach (var (i, document) in documents.Index())
        {
            document["userName"] = document["userName"]!.GetValue<string>() + i;
            var now = DateTime.UtcNow.Date.AddMinutes(i);
            var user = new User { AccountId = account, Id = Guid.CreateVersion7(now), Source = "scim", Created = now };
            var whole = UserDocument.Compose(user.Id, document);
            user.Become(whole, claimsWorkEmail: false, now);
            db.Add(user);
            db.Entry(user).Property(u => u.Search).CurrentValue = SearchDocument.Of(Type, whole).ToJsonString();

            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            user.ToResource().WriteTo(buffer, BaseUrl, Projection.Whole);
            users.Add((user.Id, JsonNode.Parse(Encoding.UTF8.GetString(buffer.WrittenSpan))!.AsObject()));
        }
    }

    private List<Guid> Find(ScimDbContext db, Filter filter)
    {
        var sql = new SqlText(SqlDialect.Of(db.Database));
        var condition = new FilterSql(Type, sql, account, BaseUrl).Write(filter);
        sql.Append($"SELECT u.\"Id\" FROM \"Users\" AS u WHERE u.\"AccountId\" = {sql.Parameter(account)} AND {condition}");
        using var command = sql.ToCommand(db.Database.GetDbConnection());
        using var row = command.ExecuteReader();
        var found = new List<Guid>();
        while (row.Read())
            found.Add(row.GetGuid(0));
        return found;
    }
}
