using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Shared.Hosting;

namespace Auth.Server.Keys;

/// <summary>
/// Prevents a process with the wrong certificate from adding a key to the key ring in the database: Data Protection
/// ignores keys that it cannot decrypt and creates a new one, which no other node could read.
/// </summary>
internal sealed class KeyRingGuard(IServiceProvider services, AuthOptions options)
{
    /// <summary>Requires that the key ring is empty or can be decrypted.</summary>
    /// <exception cref="OperatorException">There are keys, and the certificate cannot decrypt any of them.</exception>
    public void RequireReadable()
    {
        var keys = services.GetRequiredService<IKeyManager>().GetAllKeys();
        if (keys.Count > 0 && !keys.Any(IsReadable))
            throw new OperatorException(
                $"The key certificate {options.KeyCertificate} cannot decrypt the keys in the database. All nodes "
                + "need the certificate with which they were encrypted; Auth:KeyCertificate is its path.");
    }

    private static bool IsReadable(IKey key)
    {
        try
        {
            return key.CreateEncryptor() is not null;
        }
        // Whatever the reason, the key cannot be used.
        catch (Exception)
        {
            return false;
        }
    }
}

/// <summary>
/// The key ring in the database, which stores a new key only if <see cref="KeyRingGuard"/> allows it.
/// </summary>
internal sealed class GuardedKeyRing(IXmlRepository keys, IServiceProvider services) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => keys.GetAllElements();

    public void StoreElement(XElement element, string friendlyName)
    {
        services.GetRequiredService<KeyRingGuard>().RequireReadable();
        keys.StoreElement(element, friendlyName);
    }
}

/// <summary>Registers the guard of the key ring.</summary>
internal static class KeyRingGuardRegistration
{
    public static void AddKeyRingGuard(this IServiceCollection services)
    {
        services.AddSingleton<KeyRingGuard>();
        services.AddOptions<KeyManagementOptions>().PostConfigure<IServiceProvider>(
            (options, provider) => options.XmlRepository = new GuardedKeyRing(options.XmlRepository!, provider));
    }
}
