namespace Auth.Server.Keys;

/// <summary>The states of a key, which follow only from its times.</summary>
internal enum KeyState
{
    /// <summary>Published, so that it is known everywhere before it is used.</summary>
    Announced,

    /// <summary>Signs or encrypts new tokens.</summary>
    Active,

    /// <summary>Still published, because tokens made with it may be valid.</summary>
    Retired,

    /// <summary>Deleted after the last token made with it had expired.</summary>
    Forgotten,

    /// <summary>Deleted because it was compromised: nothing made with it is valid any more.</summary>
    Withdrawn,
}

/// <summary>The keys of one use at a given time: the active one, the next one and the earlier ones.</summary>
internal sealed class KeySuccession(IEnumerable<ServerKey> keys, DateTime now)
{
    private readonly List<ServerKey> keys = [.. keys.OrderBy(key => key.Number)];

    public ServerKey? Active => Usable.LastOrDefault(key => key.ActiveFrom <= now);

    public ServerKey? Next => Usable.FirstOrDefault(key => key.ActiveFrom > now);

    public int LastNumber => keys.Count == 0 ? 0 : keys[^1].Number;

    public IEnumerable<ServerKey> Retired => keys.Where(key => StateOf(key) == KeyState.Retired);

    private IEnumerable<ServerKey> Usable => keys.Where(key => key is { WithdrawnAt: null, ForgottenAt: null });

    public KeyState StateOf(ServerKey key) => key switch
    {
        { WithdrawnAt: not null } => KeyState.Withdrawn,
        { ForgottenAt: not null } => KeyState.Forgotten,
        _ when key.ActiveFrom > now => KeyState.Announced,
        _ => key == Active ? KeyState.Active : KeyState.Retired,
    };

    /// <summary>When its successor became active; null if none has yet.</summary>
    public DateTime? RetiredAt(ServerKey key) => keys
        .Where(
            later => later.Number > key.Number && later.ActiveFrom <= now && !(later.WithdrawnAt <= later.ActiveFrom))
        .Select(later => (DateTime?)later.ActiveFrom)
        .FirstOrDefault();
}
