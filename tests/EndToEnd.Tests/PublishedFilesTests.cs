using System.Text.Json.Nodes;

namespace EndToEnd.Tests;

/// <summary>
/// The assemblies of packages that <c>dotnet publish</c> includes. Each must be kept free of known vulnerabilities, so
/// a new one is a visible change of a list in <c>Published/</c>.
/// </summary>
internal sealed class PublishedFilesTests
{
    // Developer tools, the client part of OpenIddict, and libraries for bitmaps.
    private static readonly string[] unneeded =
    [
        "OpenIddict.Client", "Microsoft.EntityFrameworkCore.Design", "Microsoft.CodeAnalysis", "Microsoft.Build",
        "Microsoft.VisualStudio", "Mono.TextTemplating", "Humanizer", "Newtonsoft.Json", "System.CodeDom",
        "System.Composition", "System.Drawing.Common", "Microsoft.Win32.SystemEvents",
    ];

    [TestCase("Auth.Server")]
    [TestCase("Scim.Api")]
    public async Task Nothing_is_published_that_a_server_does_not_need(string server)
    {
        var listed = await Script.Run(
            "dotnet", "msbuild", Path.Combine(Script.Repository, server, $"{server}.csproj"), "-nologo",
            "-p:Configuration=Release", "-p:NuGetAudit=false", "-t:ComputeResolvedFilesToPublishList",
            "-getItem:ResolvedFileToPublish");
        Assert.That(listed.ExitCode, Is.Zero, listed.ToString());
        var files = JsonNode.Parse(listed.Output)!["Items"]!["ResolvedFileToPublish"]!.AsArray()
            .Select(file => ((string)file!["RelativePath"]!).Replace('\\', '/'))
            .Where(
                file =>
                    file.EndsWith(".dll", StringComparison.Ordinal) && !file.Contains('/', StringComparison.Ordinal))
            .Order(StringComparer.Ordinal).ToList();

        foreach (var name in unneeded)
            Assert.That(files, Has.None.StartsWith(name));
        var expected = await File.ReadAllLinesAsync(
            Path.Combine(Script.Repository, "tests", "EndToEnd.Tests", "Published", $"{server}.txt"));
        Assert.That(files, Is.EqualTo(expected));
    }
}
