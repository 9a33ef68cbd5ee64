using System.Formats.Cbor;

namespace Duplex;

/// <summary>How the values of one type stand in CBOR: see <see cref="CborMapping{T}"/>.</summary>
public abstract class CborMapping
{
    private protected CborMapping(Type type) => Type = type;

    /// <summary>The type of the values.</summary>
    public Type Type { get; }

    internal abstract void WriteObject(CborWriter writer, object value);

    internal abstract object? ReadObject(CborReader reader);
}

/// <summary>How the values of one type stand in CBOR, said by two delegates over the platform's writer and reader: without reflection, and byte for byte what you write.</summary>
/// <remarks>Thread-safe if the delegates are. A mapping may use others for what lies inside: call their <see cref="Write"/> and <see cref="Read"/>.</remarks>
/// <typeparam name="T">The type. Null is no concern of a mapping: the converter writes and reads it.</typeparam>
public sealed class CborMapping<T> : CborMapping
    where T : notnull
{
    private readonly Action<CborWriter, T> _write;
    private readonly Func<CborReader, T> _read;

    /// <summary>Creates a mapping.</summary>
    /// <param name="write">Writes one data item.</param>
    /// <param name="read">Reads one data item, to its end. Whatever it throws counts as a malformed message.</param>
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
