using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Users.Search;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Users.Search;

/// <summary>
/// A filter has one meaning: for random users and filters, the database finds exactly the users that match in memory.
/// <c>TEST_NIGHTLY=1</c> tries many more.
/// </summary>
internal sealed class FilterAgreementTests
{
    private static readonly ResourceType Type = RandomUsers.Type;
    private static readonly int Tries = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 2_000 : 100_000;

    private readonly Guid account = Guid.CreateVersion7();
    private List<(Guid Id, JsonObject Json)> users = [];
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        users = await RandomUsers.Store(server, account, count: 150, seed: 1);
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task The_database_finds_what_matches_in_memory()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.Database.OpenConnectionAsync();
        var found = 0;
        await RandomUsers.Filter.SampleAsync(
            async filter =>
            {
                var matching = users.Where(user => filter.Bind(Type.Find).Matches(user.Json));
                var expected = matching.Select(user => user.Id).Order().ToList();
                found += expected.Count;
                return (await Find(db, filter)).Order().SequenceEqual(expected);
            },
            iter: Tries,
            threads: 1,
            seed: "0000000000002",
            print: filter => filter.ToString());
        Assert.That(found, Is.GreaterThan(Tries), "the filters find somebody");
    }

    [Test]
    public void A_printed_filter_can_be_parsed_again() =>
        RandomUsers.Filter.Sample(
            filter => Filter.Parse(filter.ToString()).ToString() == filter.ToString(),
            iter: Tries,
            seed: "0000000000003",
            print: filter => filter.ToString());

    private async Task<IReadOnlyList<Guid>> Find(ScimDbContext db, Filter filter)
    {
        var sql = new SqlText(SqlDialect.Of(db.Database));
        var condition = new FilterSql(sql, account, RandomUsers.BaseUrl).Write(filter.Bind(Type.Find));
        sql.Append("SELECT u.\"Id\" FROM \"Users\" AS u WHERE ")
            .Append($"u.\"AccountId\" = {sql.Parameter(account)} AND {condition}");
        using var batch = SqlBatch.On(db);
        sql.AddTo(batch);
        await using var results = await batch.Read(default);
        return await results.All(row => row.GetGuid(0));
    }
}
