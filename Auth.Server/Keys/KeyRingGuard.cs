using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Shared.Hosting;

namespace Auth.Server.Keys;

/// <summary>
/// Keeps a process with a wrong certificate from adding a key to the key ring in the database: Data Protection treats
/// keys that it cannot decrypt as if they did not exist and makes a new one, which no other node could read.
/// </summary>
internal sealed class KeyRingGuard(IServiceProvider services, AuthOptions options)
{
    /// <summary>Requires that the key ring is empty or can be read.</summary>
    /// <exception cref="OperatorException">It has keys, and the certificate decrypts none of them.</exception>
    public void RequireReadable()
    {
        var keys = services.GetRequiredService<IKeyManager>().GetAllKeys();
        if (keys.Count > 0 && !keys.Any(IsReadable))
            throw new OperatorException(
                $"The key certificate {options.KeyCertificate} cannot decrypt the keys in the database. All nodes "
                + "need the certificate with which they were encrypted; Auth:KeyCertificate says where it is.");
    }

    private static bool IsReadable(IKey key)
    {
        try
        {
            return key.CreateEncryptor() is not null;
        }
        // Whatever is wrong with it, it is of no use.
        catch (Exception)
        {
            return false;
        }
    }
}

/// <summary>The key ring in the database behind its <see cref="KeyRingGuard"/>.</summary>
internal sealed class GuardedKeyRing(IXmlRepository keys, IServiceProvider services) : IXmlRepository
{
    public IReadOnlyCollection<XElement> GetAllElements() => keys.GetAllElements();

    public void StoreElement(XElement element, string friendlyName)
    {
        services.GetRequiredService<KeyRingGuard>().RequireReadable();
        keys.StoreElement(element, friendlyName);
    }
}

/// <summary>Puts the guard before the key ring.</summary>
internal static class KeyRingGuardRegistration
{
    public static void AddKeyRingGuard(this IServiceCollection services)
    {
        services.AddSingleton<KeyRingGuard>();
        services.AddOptions<KeyManagementOptions>().PostConfigure<IServiceProvider>(
            (options, provider) => options.XmlRepository = new GuardedKeyRing(options.XmlRepository!, provider));
    }
}
