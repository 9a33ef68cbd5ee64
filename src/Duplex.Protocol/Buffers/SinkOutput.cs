namespace Duplex.Protocol;

/// <summary>Writes directly to the memory of a received message.</summary>
internal sealed class SinkOutput(PayloadSink sink) : LimitedOutput
{
    protected override int FreeCapacity => sink.FreeCapacity;

    protected override Memory<byte> GetFree(int atLeast) => sink.GetFree(atLeast);

    protected override void Commit(int count) => sink.Commit(count);
}
