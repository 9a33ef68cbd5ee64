namespace Duplex.Protocol;

/// <summary>
/// A stream for the platform's deflate codec, which works only over one. It never blocks and does no I/O.
/// </summary>
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
