using System.Buffers;
using Newtonsoft.Json;

namespace Duplex;

/// <summary>Adapts the platform's shared pool to the interface of Newtonsoft.Json.</summary>
internal sealed class PooledChars : IArrayPool<char>
{
    public static readonly PooledChars Instance = new();

    public char[] Rent(int minimumLength) => ArrayPool<char>.Shared.Rent(minimumLength);

    public void Return(char[]? array)
    {
        if (array is not null)
            ArrayPool<char>.Shared.Return(array);
    }
}
