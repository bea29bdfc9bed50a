using System.Xml.Linq;

namespace Auth.Server.Tests;

/// <summary>Who may know whom.</summary>
public sealed class ArchitectureTests
{
    private static readonly Type[] types = typeof(AuthOptions).Assembly.GetTypes();

    [Test]
    public void Auth_Server_depends_on_the_two_shared_projects_alone()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Auth.Server", "Auth.Server.csproj"));
        var references = project.Descendants("ProjectReference").Select(reference => (string?)reference.Attribute("Include"));
        Assert.That(references, Is.EqualTo(new[]
        {
            @"..\Shared.Contracts\Shared.Contracts.csproj", @"..\Shared.Hosting\Shared.Hosting.csproj",
        }));
    }

    [Test]
    public void Shared_Contracts_has_no_packages_and_knows_no_project()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Shared.Contracts", "Shared.Contracts.csproj"));
        var references = project.Descendants()
            .Where(node => node.Name.LocalName.EndsWith("Reference", StringComparison.Ordinal));
        Assert.That(references, Is.Empty);
    }

    [Test]
    public void Shared_Hosting_depends_on_no_project()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Shared.Hosting", "Shared.Hosting.csproj"));
        Assert.That(project.Descendants("ProjectReference"), Is.Empty);
    }

    [Test]
    public void Nothing_is_public_but_the_migrations_and_the_pages_that_the_framework_generates() =>
        Assert.That(
            types.Where(type => type.IsPublic && !IsGenerated(type)).Select(type => type.FullName), Is.Empty);

    [Test]
    public void Classes_are_sealed_static_or_inherited_from()
    {
        var bases = types.Select(type => type.BaseType).Where(type => type is not null).ToHashSet();
        var open = types.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !IsGenerated(type)
            && !bases.Contains(type));
        Assert.That(open.Select(type => type.FullName), Is.Empty);
    }

    private static bool IsGenerated(Type type) =>
        type.Namespace is null or "AspNetCoreGeneratedDocument"
        || type.FullName!.Contains(".Migrations.", StringComparison.Ordinal)
        || type.Namespace.StartsWith("Microsoft.", StringComparison.Ordinal)
        || type.Namespace.StartsWith("System.", StringComparison.Ordinal)
        || type.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), inherit: false);

    internal static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent;
        return folder.FullName;
    }
}
