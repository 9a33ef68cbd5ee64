using System.IO.Pipelines;

namespace Duplex.Tests;

/// <summary>One end of a connection in memory, bounded as a real one. Disposing it ends what is in progress here, and tells the other end.</summary>
internal sealed class DuplexPipeStream(PipeReader input, PipeWriter output) : BareStream
{
    private readonly Stream _input = input.AsStream(leaveOpen: true);
    private readonly Stream _output = output.AsStream(leaveOpen: true);

    public static (Stream Client, Stream Server) CreatePair()
    {
        Pipe up = new(), down = new();
        return (new DuplexPipeStream(down.Reader, up.Writer), new DuplexPipeStream(up.Reader, down.Writer));
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _input.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _output.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            input.CancelPendingRead();
            output.CancelPendingFlush();
            output.Complete();
            input.Complete();
        }

        base.Dispose(disposing);
    }
}
