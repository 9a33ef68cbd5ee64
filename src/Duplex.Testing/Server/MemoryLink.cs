namespace Duplex.Testing;

/// <summary>A connection in memory: two streams, each the other's end.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class MemoryLink
{
    private readonly LinkPipe _up = new();
    private readonly LinkPipe _down = new();

    public MemoryLink()
    {
        Client = new LinkEnd(_down, _up);
        Server = new LinkEnd(_up, _down);
    }

    /// <summary>The client's end.</summary>
    public Stream Client { get; }

    /// <summary>The server's end.</summary>
    public Stream Server { get; }

    /// <summary>Loses the connection.</summary>
    public void Lose(ConnectionLoss how)
    {
        switch (how)
        {
            case ConnectionLoss.Reset:
                _down.Break();
                _up.Break();
                break;
            case ConnectionLoss.EndOfStream:
                _down.End();
                _up.Leave();
                break;
            case ConnectionLoss.Silence:
                _down.Silence();
                _up.Silence();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, "Expected Reset, EndOfStream or Silence.");
        }
    }
}
