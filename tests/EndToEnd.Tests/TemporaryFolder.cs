namespace EndToEnd.Tests;

/// <summary>A folder for as long as a test needs it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("e2e-");

    public string Path => folder.FullName;

    public void Dispose() => folder.Delete(recursive: true);
}
