using Auth.Server.Administrators;

namespace Auth.Server.Tests.Administrators;

public sealed class SignInAttemptsTests
{
    [TestCase(1, 0)]
    [TestCase(4, 0)]
    [TestCase(5, 5)]
    [TestCase(6, 10)]
    [TestCase(10, 160)]
    [TestCase(13, 900)]
    [TestCase(100_000, 900)]
    public void The_wait_doubles_from_the_fifth_failure_to_fifteen_minutes(int failures, int seconds) =>
        Assert.That(SignInAttempts.WaitAfter(failures), Is.EqualTo(TimeSpan.FromSeconds(seconds)));

    [Test]
    public void An_address_is_counted_whatever_its_letter_case_and_spaces() =>
        Assert.That(SignInAttempts.KeyOf(" Admin@Demo.example "), Is.EqualTo(SignInAttempts.KeyOf("admin@demo.EXAMPLE")));
}
