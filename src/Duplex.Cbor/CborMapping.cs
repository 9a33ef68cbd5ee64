using System.Formats.Cbor;

namespace Duplex;

/// <summary>Maps the values of one type to CBOR: see <see cref="CborMapping{T}"/>.</summary>
public abstract class CborMapping
{
    private protected CborMapping(Type type) => Type = type;

    /// <summary>The type of the values.</summary>
    public Type Type { get; }

    internal abstract void WriteObject(CborWriter writer, object value);

    internal abstract object? ReadObject(CborReader reader);
}

/// <summary>
/// Maps the values of one type to CBOR with two delegates that use the platform's writer and reader. It uses no
/// reflection; you control every byte.
/// </summary>
/// <remarks>
/// Thread-safe if the delegates are. For nested values, a mapping may call <see cref="Write"/> and <see cref="Read"/>
/// of other mappings.
/// </remarks>
/// <typeparam name="T">The type. The converter itself writes and reads null.</typeparam>
public sealed class CborMapping<T> : CborMapping
    where T : notnull
{
    private readonly Action<CborWriter, T> _write;
    private readonly Func<CborReader, T> _read;

    /// <summary>Creates a mapping.</summary>
    /// <param name="write">Writes one data item.</param>
    /// <param name="read">
    /// Reads one data item, to its end. Any exception it throws is treated as a malformed message.
    /// </param>
    public CborMapping(Action<CborWriter, T> write, Func<CborReader, T> read) : base(typeof(T))
    {
        ArgumentNullException.ThrowIfNull(write);
        ArgumentNullException.ThrowIfNull(read);
        _write = write;
        _read = read;
    }

    /// <summary>Writes a value as one data item.</summary>
    public void Write(CborWriter writer, T value) => _write(writer, value);

    /// <summary>Reads a value from one data item.</summary>
    public T Read(CborReader reader) => _read(reader);

    internal override void WriteObject(CborWriter writer, object value) => _write(writer, (T)value);

    internal override object? ReadObject(CborReader reader) => _read(reader);
}
