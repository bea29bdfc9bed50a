using SciLeads.Tests;

namespace Scim.Api.Tests;

/// <summary>The program as an operator sees it: help, and invalid settings.</summary>
[Parallelizable]
[Category("AnyDatabase")]
public sealed class ProgramTests
{
    private const string Name = "Scim.Api";

    [TestCase("--help")]
    [TestCase("-h")]
    [TestCase("users", "import", "--help")]
    [TestCase("users", "--help")]
    [TestCase("client-key", "create", "--help")]
    [TestCase("database", "migrate", "--help")]
    [TestCase("--Urls=http://127.0.0.1:0", "--help")]
    public async Task Help_needs_no_settings(params string[] arguments)
    {
        var run = await ProgramRun.Of(Name, [], arguments);
        Assert.That(run.Output, Does.Contain("Usage:"), run.Error);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
    }

    [Test]
    public async Task The_version_needs_no_settings()
    {
        var run = await ProgramRun.Of(Name, [], "--version");
        Assert.That(run.Output, Does.Match(@"^\d+\.\d+\.\d+"), run.Error);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((0, "")));
    }

    [TestCase]
    [TestCase("users", "import", "people.csv", "--account", "01890000-0000-7000-8000-000000000000")]
    public async Task All_invalid_settings_are_reported_together(params string[] arguments)
    {
        var run = await ProgramRun.Of(
            Name,
            [
                "Scim__EraseDeletedAfterDays=soon", "Scim__KeepEventsDays=0", "Scim__MigrateAtStart=perhaps",
                "Scim__KnownProxies__0=proxy", "Introspection__AttemptTimeout=never", "Introspection__CacheSize=0",
                "Urls=5002",
            ],
            arguments);
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Not.Contain("   at "), "there is no stack trace");
        foreach (var sentence in new[]
        {
            "Scim__BaseUrl is not set", "ConnectionStrings__Scim is not set", "AuthServer__Issuer is not set",
            "AuthServer__Url is not set", "AuthServer__ClientKeyFile is not set",
            "Scim__EraseDeletedAfterDays is \"soon\", which is not a valid whole number",
            "Scim__KeepEventsDays must be",
            "Scim__MigrateAtStart is \"perhaps\"", "Scim__KnownProxies contains proxy",
            "Introspection__AttemptTimeout is \"never\", which is not a valid duration", "CacheSize", "Urls contains 5002",
        })
            Assert.That(run.Error, Does.Contain(sentence));
    }

    [TestCase("nonsense", "ConnectionStrings__Scim is not a valid connection string")]
    [TestCase("Host=127.0.0.1;Port=9;Timeout=2", "The database cannot be used")]
    public async Task A_problem_that_the_operator_can_fix_is_reported_as_a_sentence(string database, string sentence)
    {
        var run = await ProgramRun.Of(Name, [$"ConnectionStrings__Scim={database}"], "database", "migrate");
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error.TrimEnd().Split('\n')[^1], Does.StartWith($"{Name}: {sentence}"));
        Assert.That(run.Error, Does.Not.Contain("   at "));
    }

    [Test]
    public async Task A_bug_keeps_its_stack_trace()
    {
        var run = await ProgramRun.Of(
            Name, ["ConnectionStrings__Scim=Host=127.0.0.1;Port=9", "Logging__LogLevel__Default=Deafening"], "database",
            "migrate");
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("InvalidOperationException").And.Contain("   at "));
    }
}
