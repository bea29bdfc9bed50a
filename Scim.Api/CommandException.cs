namespace Scim.Api;

/// <summary>Ends a command with a sentence for the one who typed it.</summary>
internal sealed class CommandException(string message) : Exception(message);
