using System.Formats.Cbor;

namespace Duplex.Tests;

public sealed class CborMappingTests
{
    [Fact]
    public void A_mapping_writes_and_reads_inside_another()
    {
        var pair = new CborMapping<(Tick, Tick)>(
            (writer, value) =>
            {
                writer.WriteStartArray(2);
                Ticks.Mapping.Write(writer, value.Item1);
                Ticks.Mapping.Write(writer, value.Item2);
                writer.WriteEndArray();
            },
            reader =>
            {
                reader.ReadStartArray();
                var value = (Ticks.Mapping.Read(reader), Ticks.Mapping.Read(reader));
                reader.ReadEndArray();
                return value;
            });
        var writer = new CborWriter();

        pair.Write(writer, (new Tick("a", 1), new Tick("b", 2)));

        Assert.Equal((new Tick("a", 1), new Tick("b", 2)), pair.Read(new CborReader(writer.Encode())));
        Assert.Equal(typeof((Tick, Tick)), pair.Type);
    }

    [Fact]
    public void Both_delegates_must_be_there()
    {
        Assert.Throws<ArgumentNullException>(() => new CborMapping<int>(null!, reader => reader.ReadInt32()));
        Assert.Throws<ArgumentNullException>(() => new CborMapping<int>((writer, value) => writer.WriteInt32(value), null!));
    }
}
