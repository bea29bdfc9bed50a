using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Scim.Api.Tokens;

/// <summary>The SHA-256 of a token: what it is known by in memory.</summary>
internal readonly record struct TokenHash(UInt128 One, UInt128 Other)
{
    /// <summary>Longer tokens are taken, but need memory.</summary>
    private const int Usual = 2048;

    /// <summary>Null for what is no token: those are ASCII.</summary>
    public static TokenHash? Of(ReadOnlySpan<char> token)
    {
        var bytes = token.Length <= Usual ? stackalloc byte[Usual] : new byte[token.Length];
        if (Ascii.FromUtf16(token, bytes, out var length) != System.Buffers.OperationStatus.Done)
            return null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..length], hash);
        return MemoryMarshal.Read<TokenHash>(hash);
    }

    /// <summary>Any part of the hash is as good as the whole.</summary>
    public override int GetHashCode() => unchecked((int)(ulong)One);
}
