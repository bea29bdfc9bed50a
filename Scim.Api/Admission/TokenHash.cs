using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Scim.Api.Admission;

/// <summary>The SHA-256 of a token: its key in memory.</summary>
internal readonly record struct TokenHash(UInt128 One, UInt128 Other)
{
    /// <summary>Tokens up to this length are hashed without allocating.</summary>
    private const int MaxStackLength = 2048;

    /// <summary>Null for text that cannot be a token, because it is not ASCII.</summary>
    public static TokenHash? Of(ReadOnlySpan<char> token)
    {
        var bytes = token.Length <= MaxStackLength ? stackalloc byte[MaxStackLength] : new byte[token.Length];
        if (Ascii.FromUtf16(token, bytes, out var length) != System.Buffers.OperationStatus.Done)
            return null;
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes[..length], hash);
        return MemoryMarshal.Read<TokenHash>(hash);
    }

    /// <summary>Any part of a SHA-256 is as evenly distributed as the whole.</summary>
    public override int GetHashCode() => unchecked((int)(ulong)One);
}
