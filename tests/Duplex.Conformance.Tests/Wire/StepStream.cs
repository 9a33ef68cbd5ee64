using System.Threading.Channels;

namespace Duplex.Tests;

/// <summary>A content that gives what a case lets it give, a read at a time.</summary>
internal sealed class StepStream : BareStream
{
    private readonly Channel<byte[]> _steps = Channel.CreateUnbounded<byte[]>();

    public void Give(ReadOnlySpan<byte> bytes) => _steps.Writer.TryWrite(bytes.ToArray());

    public void End() => _steps.Writer.Complete();

    public override bool CanWrite => false;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!await _steps.Reader.WaitToReadAsync(cancellationToken) || !_steps.Reader.TryRead(out byte[]? step))
            return 0;
        step.CopyTo(buffer);
        return step.Length;
    }
}
