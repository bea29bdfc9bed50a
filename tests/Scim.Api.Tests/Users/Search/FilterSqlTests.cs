using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Tests.Protocol.Filters;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

/// <summary>Runs the cases of <see cref="FilterMatchTests"/> in the database.</summary>
[Parallelizable]
internal sealed class FilterSqlTests
{
    private readonly Guid account = Guid.CreateVersion7();
    private ScimServer server = null!;

    private static IEnumerable<TestCaseData> Cases => typeof(FilterMatchTests)
        .GetMethod(nameof(FilterMatchTests.Matches))!
        .GetCustomAttributes<TestCaseAttribute>()
        .Select(test => new TestCaseData(test.Arguments));

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var json = FilterMatchTests.User.DeepClone().AsObject();
        var time = (DateTime)json["meta"]!["lastModified"]!;
        json.Remove("meta");
        var user = new User { AccountId = account, Id = Guid.CreateVersion7(), Source = "scim", Created = time };
        user.SetDocument(json, claimsWorkEmail: true, time);
        db.Add(user);
        await db.SaveChangesAsync();
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCaseSource(nameof(Cases))]
    public async Task Finds(string text, bool expected)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var filter = BoundFilter.Parse(text, ResourceType.User.Find);
        var count = await scope.ServiceProvider.GetRequiredService<UserSearch>().Count(new(account, filter), default);
        Assert.That(count, Is.EqualTo(expected ? 1 : 0));
    }

    [TestCase("nonsense eq 1", 1)]
    [TestCase("""title pr and (active eq true or  Nonsense.x co "1")""", 34)]
    [TestCase("emails[nonsense pr]", 8)]
    [TestCase("title pr and emails[type pr and value.x pr]", 33)]
    [TestCase("urn:x:y:userName pr", 1)]
    public void An_unknown_name_is_refused_with_its_position(string filter, int position)
    {
        var error = Assert.Throws<Scim.Api.Protocol.Messages.ScimException>(
            () => BoundFilter.Parse(filter, ResourceType.User.Find)).Error;
        Assert.That(error.ScimType, Is.EqualTo("invalidFilter"));
        Assert.That(error.Detail, Does.StartWith($"At position {position} ").And.Contains("is not an attribute"));
    }
}
