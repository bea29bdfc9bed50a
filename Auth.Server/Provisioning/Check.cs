namespace Auth.Server.Provisioning;

/// <summary>One thing to do, and where: a page of the portal, or a mail address.</summary>
internal sealed record Remedy(string Text, string Link);

/// <summary>One possible cause that was checked.</summary>
/// <param name="Cause">The cause.</param>
/// <param name="IsFine">Whether it is not the cause; null if it could not be checked.</param>
/// <param name="Text">What was found, as a sentence.</param>
/// <param name="Remedy">What to do about it; null if it is fine.</param>
internal sealed record Check(Cause Cause, bool? IsFine, string Text, Remedy? Remedy = null)
{
    public static Check Fine(Cause cause, string text) => new(cause, IsFine: true, text);

    public static Check Wrong(Cause cause, string text, string remedy, string link) =>
        new(cause, IsFine: false, text, new(remedy, link));
}
