using Microsoft.Extensions.Logging;

namespace Scim.Api.Tests;

/// <summary>
/// Clients that disconnect before the response are not a fault of the server, and leave no stack trace in its log.
/// </summary>
[Category("AnyDatabase")]
public sealed class AbortedRequestsTests
{
    [Test]
    public async Task A_client_that_disconnects_leaves_no_stack_trace()
    {
        await using var server = await ScimServer.Start();
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        for (var i = 0; i < 30; i++)
            await client.Post("Users", User($"user{i}@example.com"));

        await Task.WhenAll(Enumerable.Range(0, 160).Select(async i =>
        {
            using var leaving = new CancellationTokenSource(TimeSpan.FromMilliseconds(i / 2));
            try
            {
                using var response = await Request(i, leaving.Token);
                await response.Content.ReadAsByteArrayAsync(leaving.Token);
            }
            catch (Exception error) when (error is OperationCanceledException or HttpRequestException)
            {
            }
        }));
        Assert.That((int)(await client.Get("Users?count=1")).Status, Is.EqualTo(200));

        Assert.That(
            server.Logs.AtLeast(LogLevel.Warning).Where(line => line.Contains("   at ", StringComparison.Ordinal)),
            Is.Empty);

        Task<HttpResponseMessage> Request(int number, CancellationToken leaving) => (number % 8) switch
        {
            0 => client.GetAsync(new Uri("Users?count=100", UriKind.Relative), leaving),
            1 =>
                client.GetAsync(
                    new Uri("Users?filter=userName%20sw%20%22u%22&sortBy=userName", UriKind.Relative), leaving),
            2 => client.PostAsync(new Uri("Users", UriKind.Relative), Body(User($"late{number}@example.com")), leaving),
            3 => client.PostAsync(new Uri("Users", UriKind.Relative), Body("{"), leaving),
            4 => portal.GetAsync(new Uri("events.csv", UriKind.Relative), leaving),
            5 => portal.GetAsync(new Uri("users?search=u", UriKind.Relative), leaving),
            6 => client.PostAsync(new Uri("Bulk", UriKind.Relative), Body(Bulk(number)), leaving),
            _ => client.GetAsync(new Uri("Schemas", UriKind.Relative), leaving),
        };
    }

    private static StringContent Body(string json) =>
        new(json, System.Text.Encoding.UTF8, "application/scim+json");

    private static string Bulk(int number) =>
        $$"""
        {"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
        {{string.Join(',', Enumerable.Range(0, 10).Select(i =>
            $$"""{"method":"POST","path":"/Users","bulkId":"{{i}}","data":{{User($"bulk{number}-{i}@example.com")}}}"""))}}]}
        """;

    private static string User(string userName) =>
        $$"""
        {"name":{"givenName":"A","familyName":"B"},"userName":"{{userName}}",
        "schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}
        """;
}
