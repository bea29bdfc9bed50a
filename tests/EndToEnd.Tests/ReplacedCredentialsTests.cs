using System.Net;
using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>An account has one active credential set: the previous one is refused from the next request on.</summary>
internal sealed class ReplacedCredentialsTests : EndToEndTest
{
    [Test]
    [Category("Check 56")]
    public async Task A_replaced_token_is_refused_immediately_and_the_new_one_works()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        using var old = Local.Scim(await portal.GenerateToken());
        Assert.That((await old.Test()).Status, Is.EqualTo(HttpStatusCode.OK));

        using var fresh = Local.Scim(await portal.GenerateToken());

        await RequireRefused(old);
        Assert.That((await fresh.Test()).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    [Category("Check 56")]
    public async Task Secret_refresh_and_access_tokens_end_with_their_set()
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        using var callback = new Callback();
        var client = await portal.GenerateClient(callback.Uri);
        await portal.Page.GotoAsync(client.AuthorizeUrl(callback.Uri, "state"));
        var arrived = callback.Receive();
        await portal.Page.GetByRole(AriaRole.Button, new() { Name = "Allow" }).ClickAsync();
        var tokens = await client.Redeem((await arrived)["code"]!, callback.Uri);
        var own = await client.ClientCredentials();
        using var byCode = Local.Scim($"Bearer {tokens["access_token"]}");
        using var byItself = Local.Scim($"Bearer {own["access_token"]}");
        Assert.That((await byCode.Test()).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await byItself.Test()).Status, Is.EqualTo(HttpStatusCode.OK));

        await portal.GenerateToken();

        await RequireRefused(byCode);
        await RequireRefused(byItself);
        var refreshed = await client.Refresh((string)tokens["refresh_token"]!);
        Assert.That((int)refreshed.Status, Is.InRange(400, 401), refreshed.ToString());
        var secret = await client.ClientCredentials();
        Assert.That((string?)secret["error"], Is.EqualTo("invalid_client"), secret.ToString());
    }

    [Test]
    public async Task A_revoked_set_is_refused_immediately()
    {
        var customer = await Customer.Open(Local);
        using var scim = Local.Scim(await customer.GenerateToken());
        Assert.That((await scim.Test()).Status, Is.EqualTo(HttpStatusCode.OK));

        await Local.Auth("credentials", "revoke", "--account", customer.AccountId);

        await RequireRefused(scim);
    }

    /// <summary>RFC 6750 §3 and RFC 7644 §3.12, with the remedy for the administrator who reads it in Okta.</summary>
    private static async Task RequireRefused(ScimClient scim)
    {
        var answer = await scim.Test();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.Unauthorized), answer.ToString());
            Assert.That(answer.Challenge, Does.StartWith("Bearer").And.Contains("invalid_token"));
            Assert.That(answer.MediaType, Is.EqualTo("application/scim+json"));
            Assert.That((string?)answer["status"], Is.EqualTo("401"));
            Assert.That(answer.Detail, Does.Contain("enerate new credentials"));
        }
    }
}
