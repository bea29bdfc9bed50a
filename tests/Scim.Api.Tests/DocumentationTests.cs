using System.Reflection;
using Scim.Api.Protocol;
using SciLeads.Tests;

namespace Scim.Api.Tests;

/// <summary>What <c>docs</c> says about this server is true.</summary>
public sealed class DocumentationTests
{
    [Test]
    public void Settings_are_listed_with_their_defaults_and_limits() =>
        Assert.That(DocumentedSettings.Differences("Scim.Api", OptionsClasses(), "Urls"), Is.Empty);

    [Test]
    public void Commands_are_listed_with_their_options() =>
        Assert.That(
            DocumentedCommands.Listed("Scim.Api"),
            Is.EquivalentTo(DocumentedCommands.Of(
                Commands.Tree(() => throw new InvalidOperationException("No command is run.")))));

    [Test]
    public void Client_quirks_are_listed_with_their_names() =>
        Assert.That(
            Document.Rows(Document.Read("docs/scim.md").Section("Client quirks")).Select(row => row[0].Trim('`')),
            Is.EquivalentTo(
                typeof(ClientQuirk).GetFields().Select(field => field.GetRawConstantValue())));

    /// <summary>The options classes, by their sections of the configuration.</summary>
    private static IEnumerable<(string Section, Type Options)> OptionsClasses() =>
        from type in typeof(ScimOptions).Assembly.GetTypes()
        let section = type.GetField("Section", BindingFlags.Public | BindingFlags.Static)
        where section is { IsLiteral: true }
        select ((string)section.GetRawConstantValue()!, type);
}
