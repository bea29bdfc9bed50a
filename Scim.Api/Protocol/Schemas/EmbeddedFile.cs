namespace Scim.Api.Protocol.Schemas;

/// <summary>Reads the data files that are embedded in the assembly.</summary>
internal static class EmbeddedFile
{
    public static IEnumerable<string> Names => typeof(EmbeddedFile).Assembly.GetManifestResourceNames();

    public static string Read(string name)
    {
        using var stream = typeof(EmbeddedFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The file {name} is not embedded.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
