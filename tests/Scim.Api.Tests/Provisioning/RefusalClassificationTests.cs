using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

[Parallelizable(ParallelScope.All)]
public sealed class RefusalClassificationTests
{
    [TestCase(401, "The token is no longer active.", RefusalCauses.Token)]
    [TestCase(403, "No seat of the product portal is left: all 10 are taken.", RefusalCauses.Seats)]
    [TestCase(403, "SCIM is not enabled for Acme.", RefusalCauses.ScimDisabled)]
    [TestCase(403, "The token does not allow this.", RefusalCauses.Forbidden)]
    [TestCase(404, "User x does not exist.", RefusalCauses.NotFound)]
    [TestCase(409, "The userName x belongs to another user of this account (y).", RefusalCauses.Conflict)]
    [TestCase(412, "The version is stale.", RefusalCauses.Version)]
    [TestCase(429, "Too many requests.", RefusalCauses.RateLimit)]
    [TestCase(501, "Groups are not supported.", RefusalCauses.Groups)]
    [TestCase(503, "Try again.", RefusalCauses.Unavailable)]
    [TestCase(400, "The userName x is on the domain other.org, which is not allowed.", RefusalCauses.Domain)]
    [TestCase(400, "Last name (name.familyName) is required.", RefusalCauses.Required)]
    [TestCase(400, "The filter is malformed.", RefusalCauses.Invalid)]
    [TestCase(400, null, RefusalCauses.Invalid, Description = "The reason was erased with the user.")]
    [TestCase(413, "Too large.", RefusalCauses.Invalid)]
    public void A_refusal_has_a_cause(int status, string? reason, string cause)
    {
        Assert.That(RefusalClassification.CauseOf(status, reason), Is.EqualTo(cause));
        Assert.That(RefusalCauses.All, Does.Contain(cause));
    }
}
