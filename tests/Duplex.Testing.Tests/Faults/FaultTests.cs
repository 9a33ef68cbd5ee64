namespace Duplex.Tests;

public sealed class FaultTests
{
    [Fact]
    public void Each_describes_itself()
    {
        var second = TimeSpan.FromSeconds(1.5);

        Assert.Equal("split into 3 bytes (both directions)", new Fault.Split(3, false, FaultDirection.Both).ToString());
        Assert.Equal("split into 1 to 3 bytes (receiving)", new Fault.Split(3, true, FaultDirection.Receiving).ToString());
        Assert.Equal("delay 1.5 s (sending)", new Fault.Delay(second, FaultDirection.Sending).ToString());
        Assert.Equal("jitter up to 1.5 s (sending)", new Fault.Jitter(second, FaultDirection.Sending).ToString());
        Assert.Equal("throttle to 9 bytes/s (sending)", new Fault.Throttle(9, FaultDirection.Sending).ToString());
        Assert.Equal("stall 1.5 s at the start (sending)", new Fault.Stall(FaultPoint.Start, FaultDirection.Sending, second).ToString());
        Assert.Equal("stall indefinitely at the start (both directions)", new Fault.Stall(FaultPoint.Start, FaultDirection.Both, null).ToString());
        Assert.Equal("reset after sending 2 messages", new Fault.Cut(FaultPoint.AfterSending(2), CutKind.Reset).ToString());
        Assert.Equal("end after sending 2 messages", new Fault.Cut(FaultPoint.AfterSending(2), CutKind.End).ToString());
        Assert.Equal("flip the bits 0x81 at the start", new Fault.Corrupt(FaultPoint.Start, 0x81).ToString());
        Assert.Equal("drop pongs (receiving)", Fault.Drop.Pongs(FaultDirection.Receiving).ToString());
    }

    [Fact]
    public void Pongs_are_pongs()
    {
        Fault.Drop drop = Fault.Drop.Pongs(FaultDirection.Both);

        Assert.True(drop.Which(new FrameHeader(Opcode.Pong, true, ReservedBits.None, 0)));
        Assert.False(drop.Which(new FrameHeader(Opcode.Ping, true, ReservedBits.None, 0)));
    }

    [Fact]
    public void Both_applies_to_either_direction()
    {
        Assert.True(Fault.Applies(FaultDirection.Both, FaultDirection.Sending));
        Assert.True(Fault.Applies(FaultDirection.Receiving, FaultDirection.Receiving));
        Assert.False(Fault.Applies(FaultDirection.Receiving, FaultDirection.Sending));
    }
}
