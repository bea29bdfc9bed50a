namespace Auth.Server.Provisioning;

/// <summary>A step of a connection test: what an identity provider would request, and what became of it.</summary>
/// <param name="Title">What the step tests, in the words of the setup guide.</param>
/// <param name="Request">The request, without its token.</param>
/// <param name="Response">The status and body of the response; null if there was none.</param>
/// <param name="Passed">Whether the response is what an identity provider needs.</param>
/// <param name="Verdict">What the response means and, if it is a refusal, what to do.</param>
internal sealed record ConnectionTestStep(string Title, string Request, string? Response, bool Passed, string Verdict);
