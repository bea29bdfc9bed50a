using Microsoft.AspNetCore.Mvc;

namespace Auth.Server;

/// <summary>
/// A refusal of an operation on accounts or credential sets: the HTTP status it has in the management API and a sentence
/// for the person who asked. Commands print the sentence, pages show it, the API wraps it in RFC 9457's form.
/// </summary>
internal sealed class ProblemException(int status, string detail) : Exception(detail)
{
    public int Status { get; } = status;

    public static ProblemException Invalid(string detail) => new(400, detail);
    public static ProblemException Forbidden(string detail) => new(403, detail);
    public static ProblemException NotFound(string detail) => new(404, detail);
    public static ProblemException Conflict(string detail) => new(409, detail);

    public ProblemDetails ToDetails() => new() { Status = Status, Detail = Message };
}
