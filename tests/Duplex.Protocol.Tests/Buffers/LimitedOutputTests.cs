using System.Buffers;

namespace Duplex.Tests;

public sealed class LimitedOutputTests : IDisposable
{
    private readonly PooledOutput _output = new(new CountingPool());

    public void Dispose() => _output.Clear();

    [Fact]
    public void Up_to_the_limit_it_takes_bytes_and_no_more()
    {
        _output.Begin(starts: true, limit: 5);
        _output.Write("abcde"u8);
        Assert.Null(_output.Violation);

        FrameTooBigException error = Assert.Throws<FrameTooBigException>(() => _output.Write("f"u8));

        Assert.Equal((5L, 6L), (error.Limit, error.Size));
        Assert.Equal(CloseCode.MessageTooBig, _output.Violation?.Code);
        Assert.Equal(5, _output.Written.Length);
    }

    [Fact]
    public void Whoever_fills_what_he_gets_gets_one_byte_more_than_the_limit_at_most()
    {
        _output.Begin(starts: true, limit: 5);
        Assert.Equal(6, _output.GetMemory().Length);
        _output.Advance(5);
        Assert.Equal(1, _output.GetSpan().Length);
        Assert.Equal(100, _output.GetSpan(100).Length); // what was asked for it must give
    }

    [Fact]
    public void Without_a_limit_all_the_memory_is_given()
    {
        _output.Begin(starts: true, limit: long.MaxValue);
        Assert.True(_output.GetMemory().Length > 1);
        _output.Write(new byte[5000]);
        Assert.Equal(5000, _output.Written.Length);
    }

    [Fact]
    public void The_limit_holds_for_a_message_over_all_its_parts_and_may_change_meanwhile()
    {
        _output.Begin(starts: true, limit: 5);
        _output.Write("abc"u8);
        _output.Begin(starts: false, limit: 2);
        Assert.Equal(1, _output.GetSpan().Length);
        Assert.Throws<FrameTooBigException>(() => _output.Advance(1));
    }

    [Fact]
    public void A_new_message_begins_at_nothing()
    {
        _output.Begin(starts: true, limit: 3);
        _output.Write("abc"u8);
        _output.Begin(starts: true, limit: 3);
        _output.Write("abc"u8);
        Assert.Equal(3, _output.Total);
    }

    [Fact]
    public void More_than_was_given_cannot_be_advanced()
    {
        _output.Begin(starts: true, limit: 1_000_000);
        int given = _output.GetSpan().Length;
        Assert.Throws<ArgumentOutOfRangeException>(() => _output.Advance(given + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _output.Advance(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _output.GetMemory(-1));
    }
}
