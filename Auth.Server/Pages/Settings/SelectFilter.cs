namespace Auth.Server.Pages.Settings;

/// <summary>A field that limits a list to one of several values, or to none.</summary>
/// <param name="Name">The parameter in the address.</param>
/// <param name="Label">The label.</param>
/// <param name="Selected">The value; null for all.</param>
/// <param name="Options">The values, and what the field says for them.</param>
internal sealed record SelectFilter(
    string Name, string Label, string? Selected, IEnumerable<(string Value, string Text)> Options);

/// <summary>The first and the last day that a list is limited to; each can be null.</summary>
internal sealed record Days(string? From, string? To);
