using System.Net;
using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// As in the setup guide: a token is generated in the portal, and an identity provider provisions with it.
/// </summary>
internal sealed class DirectJwtTests : EndToEndTest
{
    [TestCase("Bearer ", TestName = "A_user_is_provisioned_with_the_prefix_Bearer")]
    [TestCase("", TestName = "A_user_is_provisioned_without_the_prefix_Bearer")]
    public async Task A_user_is_provisioned(string scheme)
    {
        var customer = await Customer.Open(Local);
        var portal = await SignIn(customer);
        var token = await portal.GenerateToken();
        Assert.That(await portal.ValueOf("SCIM Base URL"), Is.EqualTo(Local.ScimBaseUrl));
        using var scim = Local.Scim(scheme + token);

        Assert.That((int?)(await scim.Test())["totalResults"], Is.Zero);
        Assert.That((int?)(await scim.Find("Ann.Lee@customer.example"))["totalResults"], Is.Zero);

        var created = await scim.Create("Ann.Lee@customer.example");
        Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created), created.ToString());
        Assert.That(created.Json!.ContainsKey("password"), Is.False);
        var id = (string)created["id"]!;
        Assert.That((string?)created["meta"]!["location"], Is.EqualTo($"{Local.ScimBaseUrl}/Users/{id}"));
        Assert.That((string?)(await scim.Find("ann.lee@CUSTOMER.example"))["Resources"]![0]!["id"], Is.EqualTo(id));

        var replacement = (await scim.Get($"Users/{id}")).Json!;
        replacement["name"]!["familyName"] = "Moore";
        replacement["displayName"] = "Ann Moore";
        var replaced = await scim.Send(HttpMethod.Put, $"Users/{id}", replacement);
        Assert.That((string?)replaced["displayName"], Is.EqualTo("Ann Moore"), replaced.ToString());

        var patched = await scim.Patch(id, "displayName", "Ann L. Moore");
        Assert.That((string?)patched["displayName"], Is.EqualTo("Ann L. Moore"), patched.ToString());
        var deactivated = await scim.Patch(id, "active", JsonValue.Create(false));
        Assert.That((bool?)deactivated["active"], Is.False, deactivated.ToString());
        Assert.That((bool?)(await scim.Get($"Users/{id}"))["active"], Is.False);
        var reactivated = await scim.Patch(id, "active", JsonValue.Create(true));
        Assert.That((bool?)reactivated["active"], Is.True, reactivated.ToString());

        var all = await scim.Get("Users?startIndex=1&count=100");
        Assert.That((int?)all["totalResults"], Is.EqualTo(1));
        Assert.That((string?)all["Resources"]![0]!["name"]!["familyName"], Is.EqualTo("Moore"));
    }

    [TestCase("Groups")]
    [TestCase("ServiceProviderConfig")]
    [TestCase("Schemas")]
    [TestCase("ResourceTypes")]
    public async Task Other_endpoints_that_identity_providers_use_respond(string path)
    {
        using var scim = Local.Scim(Local["SCIM_TOKEN"]);
        var answer = await scim.Get(path);

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
        Assert.That(answer.MediaType, Is.EqualTo("application/scim+json"));
    }

    [Test]
    public async Task An_unsupported_filter_is_refused_and_does_not_return_everybody()
    {
        using var scim = Local.Scim(Local["SCIM_TOKEN"]);
        var answer = await scim.Get("Users?filter=" + Uri.EscapeDataString("favouriteColour eq \"red\""));

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string?)answer["scimType"], Is.EqualTo("invalidFilter"));
    }

    [Test]
    public async Task A_provisioned_person_is_listed_in_User_Management()
    {
        var customer = await Customer.Open(Local);
        using var scim = Local.Scim(await customer.GenerateToken());
        await scim.Create("cleo@customer.example");

        var portal = await SignIn(customer);
        await portal.Open("/settings/user-management");
        var row = portal.Page.GetByRole(Microsoft.Playwright.AriaRole.Row)
            .Filter(new() { HasText = "cleo@customer.example" });

        var cells = await row.InnerTextAsync();
        foreach (var text in new[] { "Test User", "Active", "portal", "Identity provider" })
            Assert.That(cells, Does.Contain(text));
        Assert.That(await portal.Page.Locator(".seats").InnerTextAsync(), Does.Contain("1 of 200 used, 199 free"));
        await row.GetByRole(Microsoft.Playwright.AriaRole.Link).ClickAsync();
        await portal.Page.GetByRole(Microsoft.Playwright.AriaRole.Heading, new() { Name = "Attributes" }).WaitForAsync();
        var attributes = await portal.Page.Locator("tbody").InnerTextAsync();
        foreach (var text in new[] { "cleo@customer.example (primary, work)", "Test User", "00u-cleo@customer.example" })
            Assert.That(attributes, Does.Contain(text));
    }
}
