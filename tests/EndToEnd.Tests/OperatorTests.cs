using Microsoft.Playwright;

namespace EndToEnd.Tests;

/// <summary>The operator console in a browser.</summary>
internal sealed class OperatorTests : EndToEndTest
{
    private const string Password = "another horse, another battery";

    [Test]
    public async Task An_operator_signs_in_changes_an_account_with_a_reason_and_looks_at_it_as_its_administrators_do()
    {
        var customer = await Customer.Open(Local);
        var domains = string.Join(',', Enumerable.Range(1, 60).Select(i => $"department-{i}.subsidiary.example.com"));
        await Local.Auth("accounts", "update", "--account", customer.AccountId, "--domains", domains);
        await customer.GenerateToken();
        var email = $"olga@{Guid.NewGuid():N}.example";
        var link = (string)(await Local.Auth("operators", "create", "--email", email))["link"]!;
        var console = await OpenBrowser();
        var page = console.Page;
        var device = await VirtualDevice.PlugInto(page);

        await page.GotoAsync(link);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Become an operator" }).WaitForAsync();
        await console.CheckFrame();
        await page.GetByLabel("New password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Set password" }).ClickAsync();
        await console.FillSignIn(email, Password);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Operators need a second factor" }).WaitForAsync();
        await console.CheckFrame();
        await page.GetByRole(AriaRole.Link, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Add a passkey" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "I have stored them safely" }).ClickAsync();
        await console.WaitFor("/operator");
        await device.SetTouched(false);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await console.WaitFor("/operator/sign-in");
        await console.CheckFrame();
        await console.FillSignIn(email, Password);
        await page.GetByRole(AriaRole.Heading, new() { Name = "One more step" }).WaitForAsync();
        await console.CheckFrame();
        await device.SetTouched(true);
        await page.GetByRole(AriaRole.Button, new() { Name = "Use a passkey" }).ClickAsync();
        await console.WaitFor("/operator");

        await page.GetByLabel("Search accounts").FillAsync(customer.Name);
        await page.GetByRole(AriaRole.Button, new() { Name = "Search" }).ClickAsync();
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await console.CheckFrame();
        await page.GetByRole(AriaRole.Link, new() { Name = customer.Name }).ClickAsync();
        await console.CheckFrame();
        await page.GetByLabel("Seats").FillAsync("portal=250");
        await page.GetByLabel("Reason").FillAsync("A new contract");
        await page.GetByRole(AriaRole.Button, new() { Name = "Change the account" }).ClickAsync();
        await page.GetByText($"{customer.Name} was changed: licence portal=250.").WaitForAsync();

        await page.GetByRole(AriaRole.Button, new() { Name = "View as customer" }).ClickAsync();
        await console.WaitFor("/");
        await page.GetByText($"You are looking at {customer.Name} as its administrators see it.").WaitForAsync();
        await console.CheckFrame();
        await console.Open("/settings/audit-log");
        await page.GetByText($"SciLeads ({email}) looked at the account.").WaitForAsync();
        await page.GetByText(
            $"SciLeads ({email}) changed the settings of the account. Reason: A new contract. licence portal=250")
            .WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Back to the operator console" }).ClickAsync();
        await console.WaitFor($"/operator/accounts/{customer.AccountId}");

        await page.GetByRole(AriaRole.Link, new() { Name = "Nodes and keys" }).ClickAsync();
        await page.GetByRole(AriaRole.Cell, new() { Name = "Up to date" }).WaitForAsync();
        await console.CheckFrame();
    }
}
