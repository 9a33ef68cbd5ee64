using Microsoft.Extensions.Time.Testing;

namespace Duplex.Tests;

public sealed class FaultHalfTests
{
    [Fact]
    public void What_is_ready_comes_before_what_is_due()
    {
        using var half = new Disposing(Faults.None.Cut(FaultPoint.AfterReceivingBytes(2)));
        ReadOnlyMemory<byte> input = new byte[] { 0x82, 1, 7 };

        half.It.Advance(ref input);

        Assert.Equal(1, input.Length);
        Assert.True(half.It.IsDue);
        Assert.Equal([0x82], half.It.Take(1).ToArray());
        Assert.Equal([1], half.It.Ready.ToArray());
        half.It.Take(1);
        Assert.IsType<Fault.Cut>(half.It.TakeDue());
        Assert.False(half.It.IsDue);
        Assert.Null(half.It.TakeDue());

        half.It.Advance(ref input);
        Assert.Equal([7], half.It.Ready.ToArray());
        Assert.True(input.IsEmpty);
    }

    private sealed class Disposing(Faults faults) : IDisposable
    {
        public FaultHalf It { get; } = new(faults, FaultDirection.Receiving, new FakeTimeProvider());

        public void Dispose() => It.Gate.Dispose();
    }
}
