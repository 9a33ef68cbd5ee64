namespace Duplex;

/// <summary>Writes straight into the memory of a message that is received in pieces.</summary>
internal sealed class PieceOutput(PieceBuilder pieces) : LimitedOutput
{
    protected override int FreeCapacity => pieces.FreeCapacity;

    protected override Memory<byte> GetFree(int atLeast) => pieces.GetFree(atLeast);

    protected override void Commit(int count) => pieces.Commit(count);
}
