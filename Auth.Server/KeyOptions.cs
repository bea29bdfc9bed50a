using System.ComponentModel.DataAnnotations;

namespace Auth.Server;

/// <summary>When keys are rotated: the settings section <c>Auth:Keys</c>.</summary>
internal sealed class KeyOptions : IValidatableObject
{
    /// <summary>How long a key is used before the next one takes over.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "730.00:00:00")]
    public TimeSpan RotateEvery { get; init; } = TimeSpan.FromDays(90);

    /// <summary>
    /// The minimum time for which a key is published before it is used, and kept after it was replaced. Anyone who
    /// caches the published keys must fetch them more often than that.
    /// </summary>
    [Range(typeof(TimeSpan), "00:10:00", "30.00:00:00")]
    public TimeSpan AnnounceFor { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How often each node checks whether another node has changed the keys.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AnnounceFor >= RotateEvery)
            yield return new("Auth:Keys:AnnounceFor must be shorter than Auth:Keys:RotateEvery.");
    }
}
