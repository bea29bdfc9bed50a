using System.IO.Hashing;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Issuance;

/// <summary>
/// A client secret: <c>scim_cs_</c>, 256 random bits in base 62 (43 characters), and a CRC-32 of everything before it
/// (6 characters). Prefix and checksum let secret scanners recognise a leaked secret without asking this server.
/// </summary>
internal static class ClientSecret
{
    public const string Prefix = "scim_cs_";
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int RandomLength = 43;
    private const int ChecksumLength = 6;

    /// <summary>The number of characters of a client secret.</summary>
    public static int Length => Prefix.Length + RandomLength + ChecksumLength;

    public static string Generate()
    {
        var body = Prefix
            + InBase62(new BigInteger(RandomNumberGenerator.GetBytes(32), isUnsigned: true), RandomLength);
        return body + Checksum(body);
    }

    /// <summary>Whether a text has the form of a client secret. The checksum reveals typing mistakes.</summary>
    public static bool IsWellFormed(string text) =>
        text.Length == Length
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text[Prefix.Length..].All(char.IsAsciiLetterOrDigit)
        && text.EndsWith(Checksum(text[..^ChecksumLength]), StringComparison.Ordinal);

    private static string Checksum(string body) =>
        InBase62(Crc32.HashToUInt32(Encoding.ASCII.GetBytes(body)), ChecksumLength);

    private static string InBase62(BigInteger number, int length)
    {
        var digits = new char[length];
        for (var i = length - 1; i >= 0; i--)
        {
            number = BigInteger.DivRem(number, Alphabet.Length, out var digit);
            digits[i] = Alphabet[(int)digit];
        }

        return new(digits);
    }
}
