namespace Auth.Server.Keys;

/// <summary>The life of a key, which times alone decide.</summary>
internal enum KeyState
{
    /// <summary>Published, so that everybody knows it when it is used.</summary>
    Announced,

    /// <summary>The one that signs or encrypts.</summary>
    Active,

    /// <summary>Published, because tokens made with it may be alive.</summary>
    Retired,

    /// <summary>Gone, with the last token made with it.</summary>
    Forgotten,

    /// <summary>Gone, and nothing made with it is good any more.</summary>
    Withdrawn,
}

/// <summary>All keys of one use at a time: the one in use, the one that comes next, and those that were.</summary>
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

    /// <summary>When another key took over; null if none has yet.</summary>
    public DateTime? RetiredAt(ServerKey key) => keys
        .Where(
            later => later.Number > key.Number && later.ActiveFrom <= now && !(later.WithdrawnAt <= later.ActiveFrom))
        .Select(later => (DateTime?)later.ActiveFrom)
        .FirstOrDefault();
}
