namespace Duplex;

/// <summary>Writes straight into the memory of a message that is received.</summary>
internal sealed class MessageOutput(PayloadBuilder message) : LimitedOutput
{
    protected override int FreeCapacity => message.FreeCapacity;

    protected override Memory<byte> GetFree(int atLeast) => message.GetFree(atLeast);

    protected override void Commit(int count) => message.Commit(count);
}
