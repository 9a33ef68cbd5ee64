namespace Duplex.Protocol;

/// <summary>Writes straight into the memory of a message that is received.</summary>
internal sealed class SinkOutput(PayloadSink sink) : LimitedOutput
{
    protected override int FreeCapacity => sink.FreeCapacity;

    protected override Memory<byte> GetFree(int atLeast) => sink.GetFree(atLeast);

    protected override void Commit(int count) => sink.Commit(count);
}
