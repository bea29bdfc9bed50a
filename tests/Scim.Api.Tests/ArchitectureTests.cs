using System.Text.RegularExpressions;
using System.Xml.Linq;
using SciLeads.Tests;

namespace Scim.Api.Tests;

/// <summary>Which folder may depend on which.</summary>
[Parallelizable]
public sealed partial class ArchitectureTests
{
    private static readonly Type[] types = typeof(ScimOptions).Assembly.GetTypes();

    [TestCase("Protocol")]
    [TestCase("Data")]
    [TestCase("Revocation", "Data")]
    [TestCase("AuthServer", "Protocol", "Revocation")]
    [TestCase("Admission", "Protocol", "Data", "AuthServer", "Revocation")]
    [TestCase("Provisioning", "Protocol", "Data", "Admission")]
    [TestCase("Discovery", "Protocol", "Admission")]
    [TestCase("Users", "Protocol", "Data", "Provisioning", "Admission", "AuthServer")]
    public void A_folder_depends_only_on(string folder, params string[] known)
    {
        var used = Directory.EnumerateFiles(Path.Combine(Project(), folder), "*.cs", SearchOption.AllDirectories)
            .SelectMany(File.ReadLines)
            .Select(line => Using().Match(line))
            .Where(match => match.Success)
            .Select(match => match.Groups[1].Value)
            .Distinct();
        Assert.That(used.Except([folder]), Is.SubsetOf(known));
    }

    [Test]
    public void Scim_Api_depends_only_on_the_two_shared_projects()
    {
        var project = XDocument.Load(Path.Combine(Project(), "Scim.Api.csproj"));
        var references = project.Descendants("ProjectReference").Select(node => (string?)node.Attribute("Include"));
        Assert.That(references, Is.EqualTo(new[]
        {
            @"..\Shared.Contracts\Shared.Contracts.csproj", @"..\Shared.Hosting\Shared.Hosting.csproj",
        }));
    }

    [Test]
    public void Only_migrations_are_public() =>
        Assert.That(types.Where(type => type.IsPublic && !IsGenerated(type)).Select(type => type.FullName), Is.Empty);

    [Test]
    public void Classes_are_sealed_static_or_inherited_from()
    {
        var bases = types.Select(type => type.BaseType).Where(type => type is not null).ToHashSet();
        var open = types.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }
            && !IsGenerated(type) && !bases.Contains(type));
        Assert.That(open.Select(type => type.FullName), Is.Empty);
    }

    [Test]
    public void Printing_a_record_terminates() =>
        Assert.That(types.Select(type => type.Assembly).Distinct().SelectMany(RecordCycles.In), Is.Empty);

    // Migrations, and what the compiler adds: in the framework's namespaces, or with names that are not valid in C#.
    private static bool IsGenerated(Type type) =>
        type.Namespace is not { } space
        || !space.StartsWith("Scim.Api", StringComparison.Ordinal)
        || space.Contains(".Migrations", StringComparison.Ordinal)
        || type.FullName!.Contains('<', StringComparison.Ordinal);

    internal static string Project()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent;
        return Path.Combine(folder.FullName, "Scim.Api");
    }

    [GeneratedRegex(@"^using (?:static )?Scim\.Api\.(\w+)")]
    private static partial Regex Using();
}
