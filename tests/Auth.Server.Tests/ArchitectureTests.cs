using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using SciLeads.Tests;

namespace Auth.Server.Tests;

/// <summary>Which folders and projects may depend on which.</summary>
public sealed partial class ArchitectureTests
{
    /// <summary>
    /// The layers of the server, the lowest first. A folder may only depend on folders of lower layers. Files beside
    /// Program.cs are below all folders; Program.cs composes the server, and is above them.
    /// </summary>
    private static readonly string[][] layers =
    [
        // What knows no concept: connection, transaction, context; queues and counters.
        ["Data", "Limits"],
        // What is recorded of every change.
        ["Events", "Audit", "Keys"],
        // A change as one transaction, with its entry and its events.
        ["Operations"],
        ["Accounts"],
        // What is sent to people, and delivered in the background.
        ["Messages"],
        // Who signs in to the portal, and what lets identity providers in.
        ["Administrators", "Credentials"],
        // OAuth, and the tokens of both.
        ["Connect"],
        // What makes credentials and keys of all that, and what explains why somebody is not provisioned.
        ["Issuance", "KeyLifecycle", "Provisioning"],
        // What administrators are told by e-mail.
        ["Notices"],
        // The ways in, and what is deleted after a while.
        ["Management", "Retention"],
        ["Pages"],
    ];

    private static readonly string[] folders = [.. layers.SelectMany(layer => layer)];
    private static readonly Type[] types = typeof(AuthOptions).Assembly.GetTypes();

    // Keys.ServerKey and the like: how a type of another folder can be named without a using directive.
    private static readonly HashSet<string> names =
    [
        .. types.Where(type => type.Namespace?.StartsWith("Auth.Server.", StringComparison.Ordinal) == true)
            .Select(type => $"{type.Namespace!.Split('.')[2]}.{type.Name.Split('`')[0]}"),
    ];

    [TestCaseSource(nameof(folders))]
    public void A_folder_depends_only_on_lower_layers(string folder)
    {
        var lower = layers.TakeWhile(layer => !layer.Contains(folder)).SelectMany(layer => layer);
        Assert.That(UsedIn(Sources(folder)).Except([folder]), Is.SubsetOf(lower));
    }

    [Test]
    public void Files_beside_the_program_depend_on_no_folder() =>
        Assert.That(
            UsedIn(Directory.EnumerateFiles(Project(), "*.cs").Where(file => Path.GetFileName(file) != "Program.cs")),
            Is.Empty);

    [Test]
    public void Each_folder_has_a_layer() =>
        Assert.That(
            Directory.EnumerateDirectories(Project()).Select(path => Path.GetFileName(path)).Except(["bin", "obj"])
                .Where(folder => Sources(folder).Any()),
            Is.EquivalentTo(folders));

    [TestCase("using Auth.Server.Keys;", "Keys")]
    [TestCase("using static Auth.Server.Keys.KeyRing;", "Keys")]
    [TestCase("using Ring = Auth.Server.Keys.KeyRing;", "Keys")]
    [TestCase("@using Auth.Server.Keys", "Keys")]
    [TestCase("@model Keys.ServerKey", "Keys")]
    [TestCase("    public Keys.ServerKey? Key { get; init; }", "Keys")]
    [TestCase("var key = new Auth.Server.Keys.ServerKey();", "Keys")]
    [TestCase("/// as <see cref=\"Keys.ServerKey\"/> says", "Keys")]
    [TestCase("return db.Keys.Where(key => key.Use == use);")]
    [TestCase("options.Keys.AnnounceFor")]
    [TestCase("private List<EncryptingCredentials> Keys => all;")]
    public void A_dependency_is_detected(string line, params string[] used) =>
        Assert.That(Used(line), Is.EqualTo(used));

    [Test]
    public void Auth_Server_depends_only_on_the_two_shared_projects()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Auth.Server", "Auth.Server.csproj"));
        var references = project.Descendants("ProjectReference")
            .Select(reference => (string?)reference.Attribute("Include"));
        Assert.That(references, Is.EqualTo(new[]
        {
            @"..\Shared.Contracts\Shared.Contracts.csproj", @"..\Shared.Hosting\Shared.Hosting.csproj",
        }));
    }

    [Test]
    public void Shared_Contracts_depends_on_no_package_or_project()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Shared.Contracts", "Shared.Contracts.csproj"));
        var references = project.Descendants()
            .Where(node => node.Name.LocalName.EndsWith("Reference", StringComparison.Ordinal));
        Assert.That(references, Is.Empty);
    }

    [Test]
    public void Shared_Contracts_has_names_and_no_behaviour()
    {
        const BindingFlags declared =
            BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var methods =
            from type in typeof(Shared.Contracts.Scopes).Assembly.GetTypes()
            from method in type.GetMethods(declared)
            where !method.IsSpecialName && !method.IsDefined(typeof(CompilerGeneratedAttribute)) && !method.IsVirtual
            select $"{type.Name}.{method.Name}";
        Assert.That(methods, Is.Empty);
        Assert.That(typeof(Shared.Contracts.Scopes).Assembly.GetManifestResourceNames(), Is.Empty);
    }

    [Test]
    public void Shared_Hosting_depends_on_no_project()
    {
        var project = XDocument.Load(Path.Combine(Repository(), "Shared.Hosting", "Shared.Hosting.csproj"));
        Assert.That(project.Descendants("ProjectReference"), Is.Empty);
    }

    [Test]
    public void No_parameter_follows_a_cancellation_token()
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static
            | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        var methods = types.Where(type => !IsGenerated(type) && !type.IsAssignableTo(typeof(Delegate)))
            .SelectMany(type =>
            type.GetMethods(all).Cast<MethodBase>().Concat(type.GetConstructors(all)));
        var wrong = methods.Where(method => !method.Name.Contains('<', StringComparison.Ordinal)
            && method.GetParameters().SkipWhile(one => one.ParameterType != typeof(CancellationToken)).Skip(1).Any());
        Assert.That(wrong.Select(method => $"{method.DeclaringType}.{method.Name}"), Is.Empty);
    }

    [Test]
    public void Only_migrations_and_generated_pages_are_public() =>
        Assert.That(
            types.Where(type => type.IsPublic && !IsGenerated(type)).Select(type => type.FullName), Is.Empty);

    [Test]
    public void Classes_are_sealed_static_or_inherited_from()
    {
        var bases = types.Select(type => type.BaseType).Where(type => type is not null).ToHashSet();
        var open =
            types.Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false } && !IsGenerated(type)
            && !bases.Contains(type));
        Assert.That(open.Select(type => type.FullName), Is.Empty);
    }

    [Test]
    public void The_text_of_a_record_is_finite() =>
        Assert.That(types.Select(type => type.Assembly).Distinct().SelectMany(RecordCycles.In), Is.Empty);

    private static IEnumerable<string> UsedIn(IEnumerable<string> files) =>
        files.SelectMany(File.ReadLines).SelectMany(Used).Distinct();

    /// <summary>
    /// The folders that a line names: in a <c>using</c> directive, or before the name of a type. A property may have a
    /// folder's name; what follows it is then no type, or it has something before it.
    /// </summary>
    private static string[] Used(string line) =>
    [
        .. Name().Matches(line).Select(match => match.Groups[1].Value).Where(folders.Contains)
            .Concat(PartOfName().Matches(line)
                .Where(match => names.Contains(match.Value))
                .Select(match => match.Groups[1].Value))
            .Distinct(),
    ];

    private static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(Path.Combine(Project(), folder), "*.cs*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".cs" or ".cshtml")
            .Where(file => !file.Contains("/Migrations/", StringComparison.Ordinal));

    private static bool IsGenerated(Type type) =>
        type.Namespace is null or "AspNetCoreGeneratedDocument"
        || type.FullName!.Contains(".Migrations.", StringComparison.Ordinal)
        || type.Namespace.StartsWith("Microsoft.", StringComparison.Ordinal)
        || type.Namespace.StartsWith("System.", StringComparison.Ordinal)
        || type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    internal static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent;
        return folder.FullName;
    }
    private static string Project() => Path.Combine(Repository(), "Auth.Server");

    [GeneratedRegex(@"\bAuth\.Server\.(\w+)")]
    private static partial Regex Name();

    [GeneratedRegex(@"(?<![.\w])([A-Z]\w+)\.([A-Z]\w+)")]
    private static partial Regex PartOfName();
}
