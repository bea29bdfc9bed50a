using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Events;
using Auth.Server.Accounts;
using static Auth.Server.Tests.Pages.Operators.OperatorSignIn;

namespace Auth.Server.Tests.Pages.Operators;

[Category("Slow")]
[Category("AnyDatabase")]
public sealed class NodesAndKeysTests
{
    private const string Path = $"{Root}/nodes-and-keys";

    [Test]
    public async Task An_operator_sees_how_far_each_node_is_and_the_age_of_keys_and_certificate()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var scim = await ResourceServer.Register(server);
        var (olga, _) = await server.SignInOperator();
        using var browser = olga;
        Assert.That((await olga.Open(Path)).Text, Does.Contain("No node has been in contact lately."));

        using var node = await ScimNode.Start(server, scim, "scim-7:5002");
        await node.Poll(now: true);
        Assert.That(await StateOfNode(), Is.EqualTo("Lease Up to date"));
        var changing = server.With<AccountRegister, Account>(
            accounts => accounts.Update(account.Id, new(Suspended: true), CancellationToken.None));
        await changing;
        Assert.That(await StateOfNode(), Is.EqualTo("Lease 1 behind"));
        var page = await node.Poll(now: true);
        await node.Poll(now: true, ack: [.. page.Sets.Keys]);
        Assert.That(await StateOfNode(), Is.EqualTo("Lease Up to date"));
        server.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.That(await StateOfNode(), Is.EqualTo("No lease Up to date"));

        var keys = (await olga.Open(Path)).Document.QuerySelectorAll("section[aria-labelledby=keys] tbody tr")
            .Select(Page.TextOf).ToList();
        Assert.That(keys.Count(key => key.StartsWith("scimtok-") && key.Contains("Signing Active")), Is.EqualTo(1));
        Assert.That(keys.Count(key => key.StartsWith("enc-") && key.Contains("Encryption Active")), Is.EqualTo(1));
        Assert.That((await olga.Open(Path)).Text, Does.Contain("The certificate that encrypts them is valid from"));

        async Task<string> StateOfNode()
        {
            var row = (await olga.Open(Path)).Document.QuerySelectorAll("section[aria-labelledby=nodes] tbody tr").Single();
            Assert.That(Page.TextOf(row), Does.StartWith($"scim-7:5002 {node.Id}"));
            return string.Join(' ', row.QuerySelectorAll(".badge").Select(Page.TextOf));
        }
    }
}
