using System.Text.Json.Nodes;
using Scim.Api.Protocol.Bulk;

namespace Scim.Api.Tests.Protocol.Bulk;

/// <summary>
/// The order in which operations are run. A case lists operations such as <c>a:b,c</c>, which creates a and refers to b
/// and c, or <c>-:a</c>, which creates nothing. The expectation is their indexes, with a plus where one is completed.
/// </summary>
[Parallelizable]
internal sealed class BulkPlanTests
{
    [TestCase("a b c", "0 1 2")]
    [TestCase("a b:a c:b", "0 1 2", Description = "backward")]
    [TestCase("a:b b", "1 0", Description = "forward")]
    [TestCase("a x b:c c", "0 1 3 2")]
    [TestCase("a:b b:c c:d d", "3 2 1 0")]
    [TestCase("a:b,c b:c c", "2 1 0")]
    [TestCase("-:b -:a a b", "3 0 2 1", Description = "also for other methods than POST")]
    [TestCase("a:x b:x", "0 1", Description = "unknown")]
    [TestCase("a:a", "0 0+", Description = "to itself")]
    [TestCase("a:b b:a", "1 0 1+")]
    [TestCase("a:b b:a -:a", "1 0 1+ 2", Description = "completed before it is changed")]
    [TestCase("a:b b:c c:a", "2 1 0 2+")]
    [TestCase("a:b b:c,a c:a,b", "2 1 0 1+ 2+")]
    [TestCase("a:b b:a c:d d:c", "1 0 1+ 3 2 3+")]
    [TestCase("a:b b:b", "1 1+ 0")]
    public void Creates_first_what_others_refer_to(string operations, string expected) =>
        Assert.That(Show(Plan(operations.Split(' '))), Is.EqualTo(expected));

    [Test]
    public void Supports_the_longest_chain_and_the_largest_circle()
    {
        var chain = Enumerable.Range(0, 1000).Select(i => $"{i}:{i + 1}").ToArray();
        var circle = Enumerable.Range(0, 1000).Select(i => $"{i}:{(i + 1) % 1000}").ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Plan(chain).Select(step => step.Operation), Is.EqualTo(Enumerable.Range(0, 1000).Reverse()));
            Assert.That(Plan(circle), Has.Count.EqualTo(1001));
        }
    }

    private static IReadOnlyList<BulkStep> Plan(string[] operations) => BulkPlan.Of([.. operations.Select(Operation)]);

    private static BulkOperation Operation(string text)
    {
        var parts = text.Split(':');
        var references = parts.Skip(1).SelectMany(list => list.Split(',')).Select(id => (JsonNode)$"bulkId:{id}");
        return BulkOperation.Read(new JsonObject
        {
            ["method"] = parts[0] == "-" ? "PUT" : "POST",
            ["bulkId"] = parts[0] == "-" ? null : parts[0],
            ["path"] = parts[0] == "-" ? "/Users/1" : "/Users",
            ["data"] = new JsonObject { ["x"] = new JsonArray([.. references]) },
        });
    }

    private static string Show(IEnumerable<BulkStep> steps) => string.Join(
        ' ', steps.Select(step => step.Operation + (step.Kind == BulkStepKind.Complete ? "+" : "")));
}
