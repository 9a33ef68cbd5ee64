namespace Duplex.Tests;

internal sealed record Tick(string Symbol, double Price);

internal static class Ticks
{
    /// <summary>A tick as an array of two.</summary>
    public static readonly CborMapping<Tick> Mapping = new(
        (writer, tick) =>
        {
            writer.WriteStartArray(2);
            writer.WriteTextString(tick.Symbol);
            writer.WriteDouble(tick.Price);
            writer.WriteEndArray();
        },
        reader =>
        {
            reader.ReadStartArray();
            var tick = new Tick(reader.ReadTextString(), reader.ReadDouble());
            reader.ReadEndArray();
            return tick;
        });
}
