namespace Shared.Hosting;

/// <summary>
/// Something that the operator has to fix before the server can start or the command can run: an invalid setting, a
/// file that cannot be read, a database that cannot be reached. It is reported as sentences without a stack trace.
/// Every other exception is a bug, and keeps its stack trace.
/// </summary>
public sealed class OperatorException : Exception
{
    /// <summary>Several things to fix, each in one sentence.</summary>
    public OperatorException(IReadOnlyList<string> sentences)
        : base(string.Join('\n', sentences)) => Sentences = sentences;

    /// <summary>One thing to fix, in one sentence.</summary>
    public OperatorException(string sentence, Exception? cause = null)
        : base(sentence, cause) => Sentences = [sentence];

    /// <summary>What has to be fixed, in one sentence each.</summary>
    public IReadOnlyList<string> Sentences { get; }
}
