using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>Passes incoming messages through the extensions, in the reverse of the outgoing order.</summary>
/// <remarks>Not thread-safe: belongs to a receive loop, which holds a use of the chain.</remarks>
internal sealed class IncomingTransform(ExtensionChain chain, ArrayPool<byte> pool)
{
    /// <summary>
    /// The largest piece passed at a time where messages are delivered in pieces without a limit. DEFLATE expands it to
    /// at most 1 MiB, a quarter of a session's queue. That takes 20 us, far more than the way through the chain.
    /// </summary>
    public const int MaxPiece = 1024;

    // Created on demand.
    private readonly PooledOutput?[] _between = new PooledOutput?[chain.Count];

    // Only touched by the thread that reads.
    private readonly bool[] _isActive = new bool[chain.Count]; // which transform the message in progress
    private int _last; // the lowest active index, which writes into the message

    public bool IsActive { get; private set; }

    public ReservedBits OwnedBits => chain.OwnedBits;

    /// <summary>
    /// <paramref name="rest"/> is still to be added to the message, and valid until <see cref="Clear"/>.
    /// </summary>
    public bool TryProcess(
        in FramePiece piece,
        LimitedOutput message,
        long maxMessageSize,
        out ReadOnlySpan<byte> rest,
        [NotNullWhen(false)] out ProtocolViolation? violation)
    {
        if (piece.StartsMessage)
        {
            _isActive.AsSpan().Fill(true);
            _last = 0;
            IsActive = true;
        }

        rest = piece.Payload;
        violation = null;
        for (int i = chain.Count - 1; i >= 0 && violation is null; i--)
        {
            if (!_isActive[i])
                continue;

            // During the first piece it is unknown which extensions transform the message, so only the first writes
            // into it.
            LimitedOutput output = i == _last ? message : _between[i] ??= new PooledOutput(pool);
            output.Begin(piece.StartsMessage, maxMessageSize);
            var part = new MessagePart
            {
                Type = piece.Type,
                Data = rest,
                Reserved = piece.Header.Reserved & chain[i].ReservedBits,
                StartsMessage = piece.StartsMessage,
                StartsFrame = piece.Starts,
                EndsFrame = piece.Ends,
                EndsMessage = piece.EndsMessage,
                MaxMessageSize = maxMessageSize,
            };
            bool isTransformed = TryProcess(i, part, output, out violation);
            if (isTransformed)
                rest = output is PooledOutput between ? between.Written.Span : [];
            _isActive[i] = isTransformed;
        }

        if (piece.StartsMessage)
        {
            IsActive = _isActive.AsSpan().Contains(true);
            _last = Math.Max(0, _isActive.AsSpan().IndexOf(true));
            if (IsActive && _last > 0)
                message.Continue(_between[_last]!.Total); // later pieces are written into the message
        }

        return violation is null;
    }

    public void Clear()
    {
        foreach (PooledOutput? between in _between)
            between?.Clear();
    }

    private bool TryProcess(int index, in MessagePart part, LimitedOutput output, out ProtocolViolation? violation)
    {
        violation = null;
        try
        {
            long before = output.Total;
            ExtensionResult result = chain[index].ProcessIncoming(part, output);
            if (result.IsUntouched && (!part.StartsMessage || output.Total != before))
            {
                throw new InvalidOperationException(
                    "ExtensionResult.Untouched is for the first part of a message, with nothing written. Return Done.");
            }

            // The limit takes precedence: bytes past it are not in the message.
            violation = output.Violation ?? result.Violation;
            return violation is null && !result.IsUntouched;
        }
        catch (Exception e)
        {
            violation = output.Violation ?? ProtocolViolation.Fault(chain.Fault(index, e));
            return false;
        }
    }
}
