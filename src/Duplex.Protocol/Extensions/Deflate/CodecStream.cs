namespace Duplex.Protocol;

/// <summary>What the platform's deflate codec takes its input from, or gives its output to: it only exists over a stream. Nothing here waits or leaves the memory.</summary>
internal abstract class CodecStream : Stream
{
    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
