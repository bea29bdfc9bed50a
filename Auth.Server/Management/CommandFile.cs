using System.CommandLine;
using System.Text;

namespace Auth.Server.Management;

/// <summary>An option that names a file, or <c>-</c> for standard input.</summary>
internal sealed class FileOption(string name) : Option<string?>(name);

/// <summary>
/// A file that a command names. The process that the operator started reads it: it may be a pipe
/// (<c>--jwks &lt;(...)</c>), or a file that the server's user cannot read.
/// </summary>
/// <param name="Content">The bytes; null if the file could not be read.</param>
/// <param name="Error">Why the file could not be read, as a sentence.</param>
internal sealed record CommandFile(byte[]? Content, string? Error)
{
    private const string StandardInput = "-";
    private const int MaxBytes = 64 * 1024;

    private static readonly UTF8Encoding strict = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file that a command names.</summary>
    public static async Task<CommandFile> Read(string name, string workingDirectory, CancellationToken cancellation)
    {
        var file = Path.Combine(workingDirectory, name);
        try
        {
            if (name != StandardInput && Directory.Exists(file))
                return new(null, $"{file} is a directory.");
            await using var stream = name == StandardInput
                ? Console.OpenStandardInput()
                : new FileStream(file, new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete });
            // The input may be endless, so read only this much.
            var content = new byte[MaxBytes + 1];
            var length = await stream.ReadAtLeastAsync(
                content, content.Length, throwOnEndOfStream: false, cancellation);
            return length > MaxBytes
                ? new(null, $"{file} is larger than {MaxBytes / 1024} KB.")
                : new(content[..length], null);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new(null, $"There is no file {file}.");
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return new(null, $"{file} could not be read: {error.Message}");
        }
    }

    /// <summary>The text of the file.</summary>
    /// <exception cref="ProblemException">There is no file (404), or it is not UTF-8 (400).</exception>
    public string Text()
    {
        if (Content is null)
            throw ProblemException.NotFound(Error ?? "The content of the file was not sent.");
        try
        {
            return strict.GetString(Content).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw ProblemException.Invalid("The file is not valid UTF-8.");
        }
    }
}
