using Auth.Server.Issuance;

namespace Auth.Server.Tests.Credentials;

public sealed class RedirectUrisTests
{
    [Test]
    public void An_Okta_app_has_the_five_addresses_that_Okta_names() => Assert.That(
        RedirectUris.OfOktaApp("oidc_client_1"),
        Is.EqualTo(new[]
        {
            "https://system-admin.okta.com/admin/app/cpc/oidc_client_1/oauth/callback",
            "https://system-admin.okta-emea.com/admin/app/cpc/oidc_client_1/oauth/callback",
            "https://system-admin.oktapreview.com/admin/app/cpc/oidc_client_1/oauth/callback",
            "https://system-admin.trexcloud.com/admin/app/cpc/oidc_client_1/oauth/callback",
            "http://system-admin.okta1.com:1802/admin/app/cpc/oidc_client_1/oauth/callback",
        }));

    [Test]
    public void The_addresses_of_an_Okta_app_pass_the_check_of_all_addresses() =>
        Assert.That(
            RedirectUris.OfOktaApp("app").Select(RedirectUris.Check), Is.EqualTo(RedirectUris.OfOktaApp("app")));

    [TestCase("")]
    [TestCase("app/../evil")]
    [TestCase("app?x=1")]
    [TestCase("a b")]
    [TestCase("app\n")]
    public void A_name_that_would_change_the_address_is_refused(string name) =>
        Assert.That(() => RedirectUris.OfOktaApp(name), Refused);

    [TestCase("https://idp.example.com/callback")]
    [TestCase("https://idp.example.com:8443/callback?tenant=7")]
    [TestCase("http://127.0.0.1:7777/callback")]
    [TestCase("http://localhost/callback")]
    [TestCase("http://[::1]:80/callback")]
    [TestCase("https://idp.example.com/callback?decode=1&errors=2&xstate=3")]
    [TestCase("https://idp.example.com/a%20b/~c;d=(e)!'$&?x=%5B/?:@")]
    public void An_exact_address_is_accepted_unchanged(string uri) => Assert.That(RedirectUris.Check(uri), Is.EqualTo(uri));

    [TestCase("http://idp.example.com/callback", "https://")]
    [TestCase("http://system-admin.okta1.com/callback", "https://")]
    [TestCase("http://system-admin.okta1.com:1802.evil.test/", "absolute")]
    [TestCase("https://idp.example.com/callback#x", "fragment")]
    [TestCase("https://idp.example.com/callback#", "fragment")]
    [TestCase("https://*.example.com/callback", "wildcard")]
    [TestCase("https://okta.com@evil.test/", "user name")]
    [TestCase("/callback", "absolute")]
    [TestCase("javascript:alert(1)", "absolute")]
    [TestCase("myapp://callback", "absolute")]
    [TestCase("", "absolute")]
    [TestCase("https://bücher.example/callback", "xn--")]
    [TestCase("https://idp.example.com/é", "percent-encoded")]
    [TestCase("https://idp.example.com/ callback", "percent-encoded")]
    [TestCase("https://idp.example.com/\u202Ecallback", "percent-encoded")]
    [TestCase("https://idp.example.com/callback?iss=https%3A%2F%2Fidp.example.com", "iss")]
    [TestCase("https://idp.example.com/callback?tenant=1&state=s", "state")]
    [TestCase("https://idp.example.com/callback?code", "code")]
    [TestCase("https://idp.example.com/callback?ERROR=x", "ERROR")]
    [TestCase("https://idp.example.com/callback?%65rror_description=x", "error_description")]
    [TestCase("https:idp.example.com/callback", "absolute")]
    [TestCase("https:/idp.example.com/callback", "absolute")]
    [TestCase("https:///idp.example.com/callback", "absolute")]
    [TestCase("https:\\\\idp.example.com\\callback", "percent-encoded")]
    [TestCase("https://idp.example.com\\@evil.test/", "percent-encoded")]
    [TestCase("https://idp.example.com/%zz", "percent-encoded")]
    [TestCase("https://idp.example.com/\"<>", "percent-encoded")]
    public void An_address_that_could_hand_a_code_to_somebody_else_is_refused(string uri, string why) =>
        Assert.That(() => RedirectUris.Check(uri), Refused.And.Message.Contains(why));

    private static NUnit.Framework.Constraints.Constraint Refused =>
        Throws.TypeOf<ProblemException>().With.Property(nameof(ProblemException.Status)).EqualTo(400);
}
