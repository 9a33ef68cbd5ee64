using System.Text;

namespace Duplex.Tests;

public sealed class MessageParserTests
{
    private readonly List<string> _found = [];
    private readonly MessageParser _parser;

    public MessageParserTests() =>
        _parser = new MessageParser((type, data) => _found.Add($"{type}: {Encoding.UTF8.GetString(data.Span)}"));

    [Theory, InlineData(1), InlineData(3), InlineData(1000)]
    public void Messages_are_found_in_pieces_of_any_size_and_fragments_joined(int size)
    {
        using var writer = new FrameWriter(WebSocketRole.Client);
        writer.Write(Opcode.Text, "one "u8, fin: false);
        writer.Write(Opcode.Ping, "p"u8);
        writer.Write(Opcode.Continuation, "message"u8);
        writer.Write(Opcode.Binary, new byte[200].Select(_ => (byte)'x').ToArray());
        writer.Write(Opcode.Close, []);
        byte[] bytes = [.. writer.Take()];

        foreach (byte[] piece in bytes.Chunk(size))
        {
            byte[] before = [.. piece];
            _parser.Feed(piece);
            Assert.Equal(before, piece);
        }

        Assert.Equal(["Ping: p", "Text: one message", $"Binary: {new string('x', 200)}", "Close: "], _found);
    }

    [Fact]
    public void After_a_violation_nothing_is_found()
    {
        _parser.Feed([0x81, 0x01, (byte)'x']); // not masked
        using var writer = new FrameWriter(WebSocketRole.Client);
        writer.Write(Opcode.Text, "late"u8);
        _parser.Feed(writer.Take());
        Assert.Empty(_found);
    }
}
