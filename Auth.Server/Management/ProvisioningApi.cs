using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>Explains through the management API why a person is not provisioned.</summary>
internal static class ProvisioningApi
{
    public static void MapProvisioning(this IEndpointRouteBuilder management) => management
        .MapGroup(AuthServerPaths.Accounts + "/{accountId:guid}").WithTags("Provisioning")
        .RequireAuthorization(Scopes.ReadAccounts)
        .MapGet("provisioning-check", Check)
        .Described(
            "CheckProvisioning",
            "Checks whether the person with an e-mail address is provisioned, and explains what keeps them out.",
            400, 404);

    private static async Task<ProvisioningCheckResponse> Check(
        Guid accountId, string email, Caller caller, Diagnoses diagnoses, AuthOptions options,
        CancellationToken cancellation)
    {
        caller.RequireAccessTo(accountId);
        return ProvisioningCheckResponse.From(await diagnoses.Diagnose(accountId, email, cancellation), options);
    }
}

/// <summary>Whether a person is provisioned, and what keeps them out.</summary>
internal sealed record ProvisioningCheckResponse
{
    public required string Email { get; init; }

    /// <summary>Whether the person is provisioned and active.</summary>
    public required bool Provisioned { get; init; }

    /// <summary>The first cause that applies; <c>none</c> if the person is provisioned.</summary>
    public required string Cause { get; init; }

    /// <summary>The cause, as a sentence.</summary>
    public required string Explanation { get; init; }

    /// <summary>One thing to do; null if there is none.</summary>
    public string? Remedy { get; init; }

    /// <summary>Where to do it.</summary>
    public string? Link { get; init; }

    /// <summary>Everything that was checked, in order.</summary>
    public required IReadOnlyList<CheckedCause> Checks { get; init; }

    public static ProvisioningCheckResponse From(Diagnosis diagnosis, AuthOptions options) => new()
    {
        Email = diagnosis.Address,
        Provisioned = diagnosis.IsProvisioned,
        Cause = NameOf(diagnosis.Cause),
        Explanation = diagnosis.Answer.Text,
        Remedy = diagnosis.Answer.Remedy?.Text,
        Link = diagnosis.Answer.Remedy is { } remedy ? new Uri(options.PublicUrl, remedy.Link).AbsoluteUri : null,
        Checks = [.. diagnosis.Checks.Select(check => new CheckedCause(NameOf(check.Cause), check.IsFine, check.Text))],
    };

    /// <summary><c>NoSeat</c> becomes <c>noSeat</c>.</summary>
    private static string NameOf(Cause cause) => char.ToLowerInvariant($"{cause}"[0]) + $"{cause}"[1..];

    /// <summary>One cause that was checked: whether it does not apply (null: not known), and what was found.</summary>
    internal sealed record CheckedCause(string Cause, bool? Fine, string Text);
}
